"""Counts checks and prints a line for each; compares points bit by bit."""
import struct
import sys
import traceback

_checks = 0
_failed = 0
_compared = 0


def check(name, good, detail=""):
    """One check: `ok: name` or `FAILED: name: detail`."""
    global _checks, _failed
    _checks += 1
    if good:
        print(f"ok: {name}")
    else:
        _failed += 1
        print(f"FAILED: {name}: {detail}" if detail else f"FAILED: {name}")
    sys.stdout.flush()
    return bool(good)


def bits(value):
    """The bytes of a double, one spelling for every NaN."""
    value = float(value)
    return struct.pack("<d", value if value == value else float("nan"))


def exact(item):
    """An item to compare by: numbers by their bits, so that -0.0 is not 0.0 and NaN is NaN."""
    if isinstance(item, float):
        return bits(item)
    if isinstance(item, (tuple, list)):
        return tuple(exact(part) for part in item)
    return item


def _short(item):
    text = repr(item)
    return text if len(text) < 200 else text[:200] + "..."


def same(name, expected, got, count):
    """Compares two sequences, item by item; `count` says how long the expected one must be."""
    global _compared
    expected, got = list(expected), list(got)
    _compared += len(expected)
    if len(expected) != count:
        return check(name, False, f"expected {count} items to compare, there are {len(expected)}")
    for index, (left, right) in enumerate(zip(expected, got)):
        if exact(left) != exact(right):
            return check(name, False, f"item {index}: expected {_short(left)}, found {_short(right)}")
    return check(f"{name} ({count})", len(got) == count, f"expected {count} items, found {len(got)}")


def same_series(name, expected, found, count):
    """Compares tag -> points; `count` says how many points there must be in all."""
    if set(expected) != set(found):
        missing, more = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
        return check(name, False, f"tags missing: {_short(missing)}, tags not expected: {_short(more)}")
    flat = [[(tag, *point) for tag in sorted(series) for point in series[tag]] for series in (expected, found)]
    return same(f"{name}, {len(expected)} tags", flat[0], flat[1], count)


def attempt(name, part, *arguments):
    """Runs a part of the checks; one that ends in an exception has failed, and the others go on."""
    try:
        return part(*arguments)
    except Exception as error:
        traceback.print_exc()
        check(name, False, f"{type(error).__name__}: {error}")
        return None


def finish(least_checks, least_items):
    """Prints the sums; the exit status of the program. Too few checks are a failure: something was left out."""
    check("every check ran", _checks >= least_checks, f"expected {least_checks} checks or more, {_checks} ran")
    check("everything was compared", _compared >= least_items,
          f"expected {least_items} items or more, {_compared} were compared")
    print(f"{_checks} checks, {_failed} failed, {_compared} items compared")
    return 1 if _failed else 0
