"""The option that says whose blood is counted, alike in every command."""

from typing import Final

import click

from edge.records.population import Population

population_option: Final = click.option(
    "--population",
    type=click.Choice([str(one) for one in Population]),
    default=str(Population.UNRESTRICTED),
    show_default=True,
    help="Whose blood it is: how rare immature granulocytes and erythroblasts are.",
)
