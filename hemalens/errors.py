"""Errors a person can act on: what was wanted, what came, what to do."""


class HemaLensError(Exception):
    """Base of every error HemaLens raises on purpose; the command line exits with 1."""

    exit_code = 1


class ConfigError(HemaLensError):
    """A setting or option that cannot be used."""


class DatasetError(HemaLensError):
    """Training or gate images that cannot be used."""


class TrainingError(HemaLensError):
    """A training run that cannot go on."""


class ConversionError(HemaLensError):
    """A float model that cannot become an int8 bundle."""


class BundleError(HemaLensError):
    """A model bundle that cannot be trusted or run."""


class CalibrationError(HemaLensError):
    """A calibration set or an optical calibration that cannot be used."""


class CaptureError(HemaLensError):
    """Frames that cannot be had from their source."""


class CameraUnavailableError(CaptureError):
    """A camera that is not there, or held by another program."""


class FrameTimeoutError(CaptureError):
    """A source that gave no frame in time."""


class IncompleteCountError(HemaLensError):
    """A count that is done and written, of less than was given; exit code 4."""

    exit_code = 4


class StorageError(HemaLensError):
    """Results that cannot be written or read."""


class StationError(HemaLensError):
    """A wish that the operator's station refuses."""


class MissingExtraError(HemaLensError):
    """A part of HemaLens whose extra is not installed."""

    def __init__(self, wanted: str, extra: str) -> None:
        super().__init__(f"{wanted} needs the extra: pip install 'hemalens[{extra}]'")
