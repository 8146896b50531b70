"""``python -m benchmarks [kernel|model|scaling|trial|foundation|causal|registries|design ...]``: all of them where none is named."""

from __future__ import annotations

import sys

from benchmarks import report

PARTS = ("kernel", "model", "scaling", "trial", "foundation", "causal", "registries", "design")


def main() -> int:
    """Run the parts asked for; returns 1 if a bar was missed."""
    asked = sys.argv[1:] or list(PARTS)
    unknown = [name for name in asked if name not in PARTS]
    if unknown:
        print(f"there is no benchmark named {unknown[0]!r}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    from importlib import import_module

    for name in asked:
        import_module(f"benchmarks.{name}").main()
    print(f"\n{len(report.missed)} bar(s) missed" + (": " + "; ".join(report.missed) if report.missed else ""))
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
