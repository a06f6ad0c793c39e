"""What is wrong with a record that was read, in a line."""

from pydantic import ValidationError


def validation_message(error: ValidationError) -> str:
    """Say the first thing that is wrong, and where.

    Examples
    --------
    >>> from pydantic import TypeAdapter
    >>> try:
    ...     TypeAdapter(dict[str, int]).validate_python({"target": "many"})
    ... except ValidationError as error:
    ...     print(validation_message(error).partition(",")[0])
    target: Input should be a valid integer
    """
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place or 'the file'}: {first['msg']}"
