import asyncio
import threading
import time

from edge.station.live.change_signal import ChangeSignal

LONG_S = 20.0


def test_who_waits_is_woken_from_another_thread() -> None:
    news = ChangeSignal()

    async def wait() -> int:
        threading.Timer(0.05, news.publish).start()
        return await news.after(0, LONG_S)

    begun = time.monotonic()
    assert asyncio.run(wait()) == 1
    assert time.monotonic() - begun < LONG_S / 2


def test_news_that_was_missed_is_given_at_once() -> None:
    news = ChangeSignal()
    news.publish()
    news.publish()
    assert asyncio.run(asyncio.wait_for(news.after(0, LONG_S), LONG_S / 2)) == 2


def test_without_news_waiting_ends() -> None:
    news = ChangeSignal()
    news.publish()
    assert asyncio.run(news.after(1, 0.01)) == 1


def test_all_who_wait_are_woken() -> None:
    news = ChangeSignal()

    async def wait() -> list[int]:
        asyncio.get_running_loop().call_later(0.05, news.publish)
        return await asyncio.gather(*(news.after(0, LONG_S) for _ in range(3)))

    assert asyncio.run(asyncio.wait_for(wait(), LONG_S / 2)) == [1, 1, 1]


def test_a_viewer_whose_loop_is_closed_stops_nobody() -> None:
    news = ChangeSignal()
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(news.after(0, LONG_S))
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    news.publish()
    assert news.number == 1
    waiting.get_coro().close()
