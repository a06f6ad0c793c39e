"""``hemalens study``: measure what a choice gives before it is made."""

import click

from convert.studies.calibration.cli import calibration_study
from convert.studies.microscopes.cli import microscopes
from convert.studies.schemes.cli import compare_schemes
from convert.studies.transfer.cli import transfer


@click.group()
def study() -> None:
    """Measure models on other microscopes, calibration sets and int8 schemes."""


for command in (microscopes, transfer, calibration_study, compare_schemes):
    study.add_command(command)
