// svg.js - building SVG elements, as h() of dom.js builds HTML.

const SVG = "http://www.w3.org/2000/svg";

export function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, String(value));
  }
  for (const child of children.flat(Infinity)) {
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}
