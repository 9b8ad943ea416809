#!/usr/bin/env python3
"""Who may include whom (tree.modules), no cycles, foreign headers only where they belong."""
import re

import tree

posix = re.compile(r"^(unistd|pthread|fcntl|signal|poll|dirent|spawn|termios|errno|netdb|dlfcn|sched)\.h$"
                   r"|^(sys|arpa|netinet|linux)/|^cerrno$")


def is_allowed(header, included):
    module = tree.module_of(header)
    if header == "guild":
        return tree.modules[tree.module_of(included)][0] in tree.core_layers
    if included in ("config", "version") or (header == "viewer" and included.startswith("viewer/")):
        return True
    allowed = tree.modules[module][1]
    return tree.module_of(included) in allowed or included in allowed


def check_include(header, name):
    if name.startswith("guild/"):
        included = name[len("guild/"):-len(".hpp")]
        if included not in tree.headers():
            return f"<{name}> does not exist"
        return None if is_allowed(header, included) else f"{header} may not include <{name}>"
    for prefix, owner in tree.third_party.items():
        if name.startswith(prefix) and header != owner:
            return f"<{name}> belongs in {owner}.hpp alone"
    if name in tree.banned:
        return f"<{name}> is too heavy for a header of guild"
    in_os = tree.module_of(header) == "os" or header == "viewer/server"
    if posix.match(name) and not in_os and (header, name) != ("base/crc32c", "sys/auxv.h"):
        return f"<{name}> is the operating system's; only os/ sees it"
    return None


def find_cycle(graph, node, path):
    if node in path:
        return path[path.index(node):] + [node]
    for following in graph.get(node, []):
        cycle = find_cycle(graph, following, path + [node])
        if cycle:
            return cycle
    graph[node] = []  # seen, no cycle through it
    return None


def main():
    problems = []
    graph = {}
    for header in tree.headers():
        if header != "guild" and tree.module_of(header) not in tree.modules:
            problems.append(f"{tree.path_of(header)}: module {tree.module_of(header)} is not in the table")
            continue
        for line, name in tree.includes_of(header):
            problem = check_include(header, name)
            if problem:
                problems.append(f"{tree.path_of(header)}:{line}: {problem}")
            if name.startswith("guild/"):
                graph.setdefault(header, []).append(name[len("guild/"):-len(".hpp")])
    for header in list(graph):
        cycle = find_cycle(graph, header, [])
        if cycle:
            problems.append("cycle: " + " -> ".join(cycle))
    tree.finish("layers", problems, f"{len(tree.headers())} headers keep to the table")


if __name__ == "__main__":
    main()
