#!/usr/bin/env python3
"""guild.hpp includes every header of layers 0-4 and only those, in layer order, each with a comment on its line;
viewer.hpp includes every header of viewer/."""
import re

import tree

line_form = re.compile(r"#include <guild/([a-z0-9_/]+)\.hpp> +// \S")


def check(umbrella, expected, in_layer_order):
    problems = []
    listed = []
    path = tree.path_of(umbrella)
    for number, name in tree.includes_of(umbrella):
        line = tree.text_of(umbrella).splitlines()[number - 1]
        match = line_form.match(line)
        if not match:
            problems.append(f"{path}:{number}: expected `#include <guild/...>  // what it is`, found `{line}`")
        else:
            listed.append(match.group(1))
    problems += [f"{path}: {header} is not included" for header in sorted(set(expected) - set(listed))]
    problems += [f"{path}: {header} does not belong here" for header in sorted(set(listed) - set(expected))]
    problems += [f"{path}: {header} is listed twice" for header in sorted({h for h in listed if listed.count(h) > 1})]
    layers = [tree.modules[tree.module_of(header)][0] for header in listed]
    if in_layer_order and layers != sorted(layers):
        problems.append(f"{path}: not in layer order")
    return problems


def main():
    headers = [header for header in tree.headers() if header not in ("guild", "viewer")]
    core = [header for header in headers if tree.modules[tree.module_of(header)][0] in tree.core_layers]
    viewer = [header for header in headers if tree.module_of(header) == "viewer"]
    problems = check("guild", core, True)
    if viewer:
        problems += check("viewer", viewer, False)
    tree.finish("umbrella", problems, f"{len(core)} core headers, {len(viewer)} of the viewer")


if __name__ == "__main__":
    main()
