"""The station put together and served."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import uvicorn

from edge.bundles import open_bundle
from edge.capture.open_source import open_source
from edge.station.accounts import AUTOMATIC_ACCOUNT
from edge.station.app import make_app
from edge.station.database import Station
from edge.station.delivery import delivering, sender
from edge.station.export.outbox import Outbox
from edge.station.guard import Context
from edge.station.live import Live
from edge.station.records import ModelUsed, SampleState
from edge.station.settings import StationSettings
from hemalens.bundle import Bundle


@contextmanager
def opened(settings: StationSettings, station: Station) -> Iterator[Context]:
    """Put the station's parts together; a count that broke off is offered again.

    Raises
    ------
    HemaLensError
        When a part cannot be used, or the station may not be reached so.
    """
    has_accounts = bool(station.accounts.all())
    settings.require_safe(has_accounts=has_accounts)
    open_source(settings.source)
    bundle = open_bundle(settings.bundle)
    model = _model(bundle)

    def counted(count_id: str) -> None:
        station.samples.counted(
            count_id,
            source=settings.source,
            validation_report_sha256=model.validation_report_sha256,
        )

    live = Live(settings.source, bundle, station.samples.folder, counted)
    for sample in station.samples.all(limit=1):
        if sample.state is SampleState.COUNTING:
            live.take_up(sample)
    try:
        yield Context(
            station=station,
            live=live,
            settings=settings,
            model=model,
            automatic=None if has_accounts else AUTOMATIC_ACCOUNT,
        )
    finally:
        live.close()


def serve_station(settings: StationSettings) -> None:
    """Serve until interrupted."""
    send = sender(settings.deliver_to) if settings.deliver_to else None
    with ExitStack() as stack:
        station = stack.enter_context(
            Station.open(settings.data, laboratory=settings.laboratory)
        )
        context = stack.enter_context(opened(settings, station))
        if send is not None:
            outbox = Outbox(station.transaction)
            stack.enter_context(delivering(outbox, send))
        uvicorn.run(
            make_app(context),
            host=settings.host,
            port=settings.port,
            ssl_certfile=settings.certificate,
            ssl_keyfile=settings.key,
            # Addresses of samples stand in paths.
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=2,
        )


def _model(bundle: Bundle) -> ModelUsed:
    evidence = bundle.manifest.evidence
    return ModelUsed(
        name=bundle.manifest.name,
        version=bundle.manifest.version,
        sha256=bundle.sha256,
        validation_report_sha256=None if evidence is None else evidence.report_sha256,
    )
