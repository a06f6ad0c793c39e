"""How many of one kind there are for another, with exact limits."""

from dataclasses import dataclass

from hemalens.statistics import poisson_limits, ratio_limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A rate with its exact 95 % limits.

    Parameters
    ----------
    value : float or None
        None where there is nothing to relate to.
    ci95 : pair of float, or None
    """

    value: float | None = None
    ci95: tuple[float, float] | None = None


def per_100(k: int, n: int) -> Rate:
    """Give how many of one kind there are for 100 of another.

    Examples
    --------
    >>> per_100(5, 100).value
    5.0
    """
    limits = ratio_limits(k, n)
    if limits is None:
        return Rate()
    return Rate(value=100 * k / n, ci95=(100 * limits[0], 100 * limits[1]))


def per_field(k: int, fields: float) -> Rate:
    """Give how many of a kind a field shows.

    Parameters
    ----------
    k : int
        Counted, each once.
    fields : float
        Fields' worth of slide they were counted on. Where frames overlap these are
        fewer than the frames, so that a piece of the slide, like a cell on it, counts
        once: a slide scanned with much overlap would seem poor in platelets else.

    Notes
    -----
    The limits are a Poisson count's; platelets that clump vary more than they say.

    Examples
    --------
    Ten platelets on two frames that do not overlap:

    >>> per_field(10, 2.0).value
    5.0
    """
    if fields <= 0:
        return Rate()
    low, high = poisson_limits(k)
    return Rate(value=k / fields, ci95=(low / fields, high / fields))
