#!/usr/bin/env python3
"""How headers are written, and that what the documents quote is true.

Headers: ASCII, 100 columns, at most 600 lines, contract comment of at most 12 lines naming the layer, functions of at
most 60 lines; `errors` on each documented function that returns a result; labels in their order; a test named by
`example` exists. Documents: each fenced block under `<!-- from PATH -->` stands word for word in PATH, links lead to
files that exist, and paths in back quotes that begin with a directory of ours exist.
"""
import re
import textwrap

import tree

labels = ["in", "out", "units", "shape", "errors", "cost", "threads", "source", "example"]
statement = re.compile(r"^ *(if|else|for|while|switch|do|return|class|struct|enum|union|namespace|template|try)\b")
max_lines, max_columns, max_contract, max_function = 600, 100, 12, 60


def contract_problems(header, lines):
    count = next((i for i, line in enumerate(lines) if not line.startswith("//")), len(lines))
    contract = lines[:count]
    if not contract or not contract[0].startswith(f"// guild/{header}.hpp - "):
        yield 1, f"must begin with `// guild/{header}.hpp - what it is`"
    if count > max_contract:
        yield max_contract + 1, f"contract comment of {count} lines, limit {max_contract}"
    if count < len(lines) and lines[count] != "#pragma once" and header != "guild":
        yield count + 1, "expected #pragma once after the contract comment"
    module = tree.module_of(header)
    if module in tree.modules and not any(f"Layer {tree.modules[module][0]}" in line for line in contract):
        yield 1, f"contract comment does not say `Layer {tree.modules[module][0]}.`"


def first_line_of(lines, index):
    """Where the statement that ends on a line begins: upwards until parentheses balance and no initialiser is left."""
    text = lines[index]
    while index and (text.count(")") > text.count("(") or lines[index].lstrip().startswith((": ", "&& ", "|| ", ", "))):
        index -= 1
        text = lines[index] + text
    return index


def function_problems(lines):
    """A function begins where a statement at file or class level ends in `{`, and ends with a brace at its indent."""
    start = indent = None
    for index, line in enumerate(lines):
        level = len(line) - len(line.lstrip())
        if start is None and line.endswith("{") and ")" in line:
            first = first_line_of(lines, index)
            level = len(lines[first]) - len(lines[first].lstrip())
            if level <= 4 and not statement.match(lines[first]):
                start, indent = first, level
        elif start is not None and line.strip().startswith("}") and level <= indent:
            if index - start + 1 > max_function:
                yield start + 1, f"function of {index - start + 1} lines, limit {max_function}"
            start = None


def example_problem(text):
    match = re.match(r'(tests/\S+\.cpp) "(.+)"$', text)
    if not match:
        return None if text.startswith("tests/") or text.startswith("examples/") else f"example names no test: {text}"
    path = tree.root / match.group(1)
    if not path.exists():
        return f"example names {match.group(1)}, which does not exist"
    cases = re.sub(r'"\s*\n\s*"', "", path.read_text(encoding="utf-8"))
    return None if match.group(2) in cases else f"{match.group(1)} has no case \"{match.group(2)}\""


def comment_problems(lines):
    """The `///` blocks: labels in order, examples that exist, `errors` where a result is returned."""
    class_has_errors = False
    block = []
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text.startswith("// ---- implementation"):
            return
        if text.startswith("///"):
            block.append((number, text[3:].strip()))
            continue
        if not block:
            continue
        found = [(n, t.split()[0], t.split(None, 1)[-1]) for n, t in block if t and t.split()[0] in labels
                 and re.match(r"[a-z]+ {2,}\S", t)]
        order = [labels.index(label) for _, label, _ in found]
        if order != sorted(order):
            yield block[0][0], "labels out of order, expected " + " ".join(labels)
        for n, label, rest in found:
            problem = example_problem(rest) if label == "example" else None
            if problem:
                yield n, problem
        has_errors = any(label == "errors" for _, label, _ in found)
        if re.match(r"(template.*)?(class|struct) ", text) and not line.startswith(" "):
            class_has_errors = has_errors
        declared = re.match(r"(\[\[nodiscard\]\] )?(inline |static |friend )*(guild::)?result<[^(]*\w\(", text)
        if declared and not has_errors and not (class_has_errors and line.startswith(" ")):
            yield number, "returns a result, but its comment has no line `errors`"
        block = []


def header_problems(header):
    text = tree.text_of(header)
    lines = text.splitlines()
    yield from contract_problems(header, lines)
    if len(lines) > max_lines:
        yield len(lines), f"{len(lines)} lines, limit {max_lines}"
    for number, line in enumerate(lines, 1):
        if len(line) > max_columns:
            yield number, f"{len(line)} columns, limit {max_columns}"
        if "\t" in line or line != line.rstrip():
            yield number, "tab or blanks at the end"
    yield from function_problems(lines)
    yield from comment_problems(lines)


def quoted_blocks(text):
    """(line, path, block) of each fenced block that names where it comes from."""
    for match in re.finditer(r"<!-- from (\S+) -->\n+ *```\w*\n(.*?)^ *```", text, re.S | re.M):
        yield text.count("\n", 0, match.start()) + 1, match.group(1), textwrap.dedent(match.group(2))


def document_problems(path):
    text = path.read_text(encoding="utf-8")
    for line, source, block in quoted_blocks(text):
        file = tree.root / source
        if not file.exists():
            yield line, f"quotes {source}, which does not exist"
        elif block.strip() not in file.read_text(encoding="utf-8"):
            yield line, f"the block is not in {source} word for word"
    for match in re.finditer(r"\]\(([^)#:]+)(#[^)]*)?\)", text):
        if not (path.parent / match.group(1)).exists():
            yield text.count("\n", 0, match.start()) + 1, f"link to {match.group(1)}, which does not exist"
    for match in re.finditer(r"`((?:include|tests|examples|docs|scripts|single_include|cmake)/[\w./-]+)`", text):
        if not (tree.root / match.group(1)).exists():
            yield text.count("\n", 0, match.start()) + 1, f"names {match.group(1)}, which does not exist"


def main():
    problems = []
    for header in tree.headers():
        if not tree.is_generated(header):
            problems += [f"{tree.path_of(header)}:{line}: {text}" for line, text in header_problems(header)]
    documents = [tree.root / "README.md", tree.root / "CHANGELOG.md", *sorted((tree.root / "docs").glob("*.md"))]
    for path in documents:
        problems += [f"{path}:{line}: {text}" for line, text in document_problems(path)]
    tree.finish("docs", problems, f"{len(tree.headers())} headers, {len(documents)} documents")


if __name__ == "__main__":
    main()
