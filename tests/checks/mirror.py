#!/usr/bin/env python3
"""tests/<module>/<header>.cpp for every include/guild/<module>/<header>.hpp, and no test file without its header."""
import tree

umbrellas = {"guild", "viewer"}


def main():
    problems = []
    tests = tree.root / "tests"
    headers = set(tree.headers()) - umbrellas
    for header in sorted(headers):
        path = tests / (header + ".cpp")
        if not path.exists():
            problems.append(f"{tree.path_of(header)}: tests/{header}.cpp is missing")
        elif "TEST_CASE" not in path.read_text(encoding="utf-8"):
            problems.append(f"{path}: has no test case")
    for module in sorted({tree.module_of(header) for header in headers}):
        for path in sorted((tests / module).glob("*.cpp")):
            if f"{module}/{path.stem}" not in headers:
                problems.append(f"{path}: there is no guild/{module}/{path.stem}.hpp")
    tree.finish("mirror", problems, f"{len(headers)} headers have their tests")


if __name__ == "__main__":
    main()
