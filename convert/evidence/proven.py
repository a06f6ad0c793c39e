"""A bundle with the evidence that it may ship, and with a signature."""

from convert.evidence.page import model_card
from convert.evidence.report import ValidationReport, evidence_of, read_report
from hemalens.bundle import Bundle, EvidenceFiles, bundle_bytes, unproven_sha256
from hemalens.errors import BundleError
from hemalens.signature import Signer


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
    )


def signed(bundle: Bundle, signer: Signer) -> bytes:
    """Sign a bundle that carries its evidence.

    Raises
    ------
    BundleError
        When it carries none, or one that is of another model or has not passed.
    """
    if bundle.evidence is None:
        raise BundleError(
            "the bundle carries no validation report: sign the one that "
            "'hemalens convert validate --output DIR' writes once it has passed"
        )
    _require_passed(bundle, read_report(bundle.evidence.report))
    return bundle_bytes(
        bundle.manifest, bundle.model, bundle.golden, bundle.evidence, signer
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
