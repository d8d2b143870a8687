"""Costs as people write them: 33.06 G, 16.00 GiB, 50.00 ms."""

PREFIXES = {"T": 1e12, "G": 1e9, "M": 1e6, "k": 1e3, "": 1.0}
BINARY_UNITS = {"TiB": 2.0**40, "GiB": 2.0**30, "MiB": 2.0**20, "KiB": 2.0**10, "B": 1.0}
TIME_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
SCALES = {"bytes": BINARY_UNITS, "seconds": TIME_UNITS}  # by the unit of a quantity
DIGITS, ALL_DIGITS = 4, 17  # significant digits: usually, and all that a number has


def format_amount(value: float, unit: str, digits: int = DIGITS) -> str:
    """`value`, given in `unit`, with a prefix and so many significant digits."""
    scales = SCALES.get(unit, PREFIXES)
    prefix, size = next(((p, s) for p, s in scales.items() if value >= s), list(scales.items())[-1])
    scaled = value / size
    number = f"{scaled:,.0f}" if scaled >= 10 ** (digits - 1) else f"{scaled:#.{digits}g}"
    return f"{number.rstrip('.')} {prefix}".rstrip()


def format_apart(value: float, other: float, unit: str) -> str:
    """`value` with as many digits as tell it from `other`."""
    for digits in range(DIGITS, ALL_DIGITS + 1):
        text = format_amount(value, unit, digits)
        if text != format_amount(other, unit, digits):
            return text
    return str(value)
