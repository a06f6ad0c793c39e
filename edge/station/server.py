"""The station put together and served."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import uvicorn
from starlette.types import ASGIApp

from edge.capture.http_address import shown_source
from edge.capture.open_source import open_source
from edge.station.app import make_app
from edge.station.export.delivery import delivering, sender
from edge.station.export.outbox import ExportOutbox
from edge.station.live.controller import Live
from edge.station.records import Differential, ModelUsed, ReviewedCell
from edge.station.routes.authorization import Context
from edge.station.security.accounts import AUTOMATIC_ACCOUNT
from edge.station.security.patience import ImpatientProtocol
from edge.station.settings import StationSettings
from edge.station.station import Station
from edge.update.current import open_to_count
from hemalens.bundle import Bundle
from hemalens.errors import StationError
from hemalens.signature import read_trusted_keys


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
    keys = settings.trusted_keys
    trusted = read_trusted_keys(keys) if keys else None
    bundle, doubts = open_to_count(settings.bundle, trusted)
    model = _model(bundle)

    def counted(count_id: str) -> None:
        station.samples.counted(
            count_id,
            source=shown_source(settings.source),
            validation_report_sha256=model.validation_report_sha256,
        )

    def differential(
        count_id: str, cells: tuple[ReviewedCell, ...], red_cells: int, fields: float
    ) -> Differential:
        return station.reviews.differential(
            count_id, cells, red_cells=red_cells, fields=fields
        )

    live = Live(
        settings.source,
        bundle,
        station.samples.folder,
        counted,
        differential,
        bundle_doubts=doubts,
    )
    if (sample := station.samples.counting()) is not None:
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


def serve_station(settings: StationSettings, ready: Callable[[], None]) -> None:
    """Serve until interrupted.

    Parameters
    ----------
    ready : callable
        Told when it can be reached.

    Raises
    ------
    HemaLensError
        When a part cannot be used, or the station may not be reached so.
    """
    send = sender(settings.deliver_to) if settings.deliver_to else None
    with ExitStack() as stack:
        station = stack.enter_context(
            Station.open(settings.data, laboratory=settings.laboratory)
        )
        context = stack.enter_context(opened(settings, station))
        if send is not None:
            outbox = ExportOutbox(station.transaction)
            stack.enter_context(delivering(outbox, send))
        listening = stack.enter_context(_listen(settings.host, settings.port))
        config = server_config(make_app(context), settings)
        ready()
        uvicorn.Server(config).run(sockets=[listening])


def server_config(app: ASGIApp, settings: StationSettings) -> uvicorn.Config:
    """Say how an application is served."""
    return uvicorn.Config(
        app,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.key,
        # Addresses of samples stand in paths.
        access_log=False,
        log_level="warning",
        server_header=False,
        # Whoever says for whom a request is would choose whom a limit is held to.
        proxy_headers=bool(settings.proxy),
        forwarded_allow_ips=settings.proxy or None,
        http=ImpatientProtocol,
        timeout_graceful_shutdown=2,
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise StationError(
            f"cannot listen on port {port} of {host}: {error.strerror}; is another "
            "station open? choose another --port"
        ) from error


def _model(bundle: Bundle) -> ModelUsed:
    evidence = bundle.manifest.evidence
    return ModelUsed(
        name=bundle.manifest.name,
        version=bundle.manifest.version,
        sha256=bundle.sha256,
        validation_report_sha256=None if evidence is None else evidence.report_sha256,
    )
