"""A bundle with the evidence that it may ship, and with a signature."""

from convert.evidence.page import model_card
from convert.evidence.protocol import GateProtocol, default_protocol
from convert.evidence.report import ValidationReport, evidence_of, read_report
from hemalens.bundle import Bundle, EvidenceFiles, bundle_bytes, unproven_sha256
from hemalens.errors import BundleError
from hemalens.signature import Signer, countersigned


def with_evidence(bundle: Bundle, report: ValidationReport) -> bytes:
    """Put a report and its model card into a bundle; a signature falls away.

    Raises
    ------
    BundleError
        When the report has not passed, or is of another model.
    """
    _require_passed(bundle, report)
    content = report.content()
    manifest = bundle.manifest.model_copy(update={"evidence": evidence_of(report)})
    return bundle_bytes(
        manifest,
        bundle.model,
        bundle.golden,
        EvidenceFiles(report=content, model_card=model_card(report, manifest)),
        trained_images=bundle.trained_images,
    )


def signed(
    bundle: Bundle, signer: Signer, protocol: GateProtocol | None = None
) -> bytes:
    """Sign a bundle that carries its evidence.

    Where its protocol asks for two signatures and it has one, this is the second.

    Parameters
    ----------
    bundle : Bundle
    signer : Signer
    protocol : GateProtocol, optional
        What the person knows it was measured under; the default one else.

    Raises
    ------
    BundleError
        When it carries no evidence, or one that is of another model, has not passed or
        was measured under another protocol; when it is signed in full.
    """
    if bundle.evidence is None:
        raise BundleError(
            "the bundle carries no validation report: sign the one that "
            "'hemalens convert validate --output DIR' writes once it has passed"
        )
    report = read_report(bundle.evidence.report)
    _require_passed(bundle, report)
    if report.protocol != (protocol or default_protocol()):
        raise BundleError(
            f"the validation report says: {report.verdict}. To sign on these terms, "
            "give that protocol's file with --protocol"
        )
    first = bundle.signature
    if first is not None:
        if len(first.persons) >= report.protocol.signatures:
            raise BundleError(
                f"it is signed by {', '.join(one.said for one in first.persons)}; its "
                f"protocol asks for {report.protocol.signatures}. Validate it anew to "
                "begin without signatures"
            )
        signer = countersigned(first, signer)
    return bundle_bytes(
        bundle.manifest,
        bundle.model,
        bundle.golden,
        bundle.evidence,
        signer,
        trained_images=bundle.trained_images,
    )


def _require_passed(bundle: Bundle, report: ValidationReport) -> None:
    if report.bundle_sha256 != unproven_sha256(bundle):
        raise BundleError(
            "the validation report is of another model, or of other thresholds, "
            "classes or corrections around it: evidence belongs to one bundle; "
            "validate this one"
        )
    if not report.passed:
        raise BundleError(f"the validation report has not passed: {report.verdict}")
