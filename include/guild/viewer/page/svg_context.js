// svg_context.js - the calls of a canvas context that charts use, recorded as an SVG picture.

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const short = (number) => String(Math.round(number * 100) / 100);

export class SvgContext {
  constructor(width, height, measureText) {
    this.size = [width, height];
    this.measureText = measureText;
    this.parts = [];
    this.path = "";
    this.clips = 0;
    this.open = [];
    Object.assign(this, {
      strokeStyle: "#000",
      fillStyle: "#000",
      lineWidth: 1,
      globalAlpha: 1,
      font: "11px sans-serif",
      textAlign: "left",
      textBaseline: "alphabetic",
      dash: [],
    });
  }

  beginPath() {
    this.path = "";
  }

  moveTo(x, y) {
    this.path += "M" + short(x) + " " + short(y);
  }

  lineTo(x, y) {
    this.path += (this.path === "" ? "M" : "L") + short(x) + " " + short(y);
  }

  closePath() {
    this.path += "Z";
  }

  arc(x, y, r) {
    this.path +=
      "M" +
      short(x - r) +
      " " +
      short(y) +
      "a" +
      short(r) +
      " " +
      short(r) +
      " 0 1 0 " +
      short(2 * r) +
      " 0a" +
      short(r) +
      " " +
      short(r) +
      " 0 1 0 " +
      short(-2 * r) +
      " 0";
  }

  rect(x, y, width, height) {
    this.path = "M" + short(x) + " " + short(y) + "h" + short(width) + "v" + short(height) + "h" + short(-width) + "Z";
  }

  setLineDash(dash) {
    this.dash = dash;
  }

  save() {
    this.open.push(0);
  }

  restore() {
    this.parts.push("</g>".repeat(this.open.pop() || 0));
  }

  clip() {
    this.clips += 1;
    this.parts.push('<clipPath id="c' + this.clips + '"><path d="' + this.path + '"/></clipPath><g clip-path="url(#c' + this.clips + ')">');
    this.open[this.open.length - 1] += 1;
  }

  stroke() {
    this.parts.push(
      '<path d="' +
        this.path +
        '" fill="none" stroke="' +
        escape(this.strokeStyle) +
        '" stroke-width="' +
        this.lineWidth +
        '" stroke-linejoin="round"' +
        (this.dash.length ? ' stroke-dasharray="' + this.dash.join(" ") + '"' : "") +
        this.opacity() +
        "/>",
    );
  }

  fill() {
    this.parts.push('<path d="' + this.path + '" fill="' + escape(this.fillStyle) + '"' + this.opacity() + "/>");
  }

  fillRect(x, y, width, height) {
    this.rect(x, y, width, height);
    this.fill();
  }

  fillText(text, x, y) {
    const anchor = { left: "start", right: "end", center: "middle" }[this.textAlign];
    const shift = { middle: 4, top: 9, alphabetic: 0 }[this.textBaseline] || 0;
    this.parts.push(
      '<text x="' +
        short(x) +
        '" y="' +
        short(y + shift) +
        '" text-anchor="' +
        anchor +
        '" fill="' +
        escape(this.fillStyle) +
        '">' +
        escape(text) +
        "</text>",
    );
  }

  opacity() {
    return this.globalAlpha < 1 ? ' opacity="' + this.globalAlpha + '"' : "";
  }

  toString() {
    const [width, height] = this.size;
    return (
      '<svg xmlns="http://www.w3.org/2000/svg" width="' +
      width +
      '" height="' +
      height +
      '" viewBox="0 0 ' +
      width +
      " " +
      height +
      '" font-family="sans-serif" font-size="11">' +
      this.parts.join("") +
      "</svg>\n"
    );
  }
}
