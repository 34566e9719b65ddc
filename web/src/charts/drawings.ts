import { saveBlob } from "../kit/saving";

const SCALE = 3; // pixels of a PNG for each of the drawing
const HEADING = 24; // of the drawing, above it
const KEPT = ["fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray", "stroke-linecap", "opacity", "font-family", "font-size", "font-weight", "text-anchor", "paint-order"] as const;

/** A drawing as a file of its own: with the styles that the page gives it, on the page's ground, below a heading. What only serves to work with it on the page is marked `data-tool` and left out. */
export function asSvg(drawing: SVGSVGElement, title: string): string {
  const copy = drawing.cloneNode(true) as SVGSVGElement;
  const originals = [drawing, ...drawing.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((element, at) => {
    const original = originals[at];
    if (!original) return;
    const style = getComputedStyle(original);
    for (const name of KEPT) element.setAttribute(name, style.getPropertyValue(name));
    for (const name of ["class", "style", "tabindex"]) element.removeAttribute(name);
  });
  copy.querySelectorAll("[data-tool]").forEach((tool) => tool.remove());
  const { width, height } = sizeOf(drawing);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  copy.setAttribute("viewBox", `0 ${-HEADING} ${width} ${height}`);
  copy.prepend(part("rect", { y: -HEADING, width, height, fill: groundOf(drawing) }), headingOf(drawing, title));
  return new XMLSerializer().serializeToString(copy);
}

function headingOf(drawing: SVGSVGElement, title: string): SVGElement {
  const { color, fontFamily } = getComputedStyle(drawing);
  const heading = part("text", { x: 12, y: 16 - HEADING, fill: color, "font-family": fontFamily, "font-size": 12, "font-weight": 600 });
  heading.textContent = title;
  return heading;
}

function part(kind: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

function sizeOf(drawing: SVGSVGElement): { width: number; height: number } {
  const { width, height } = drawing.viewBox.baseVal;
  return { width, height: height + HEADING };
}

/** The colour on which something lies. */
function groundOf(element: Element): string {
  for (let at: Element | null = element; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (colour && colour !== "rgba(0, 0, 0, 0)") return colour;
  }
  return "#fff";
}

export function saveSvg(drawing: SVGSVGElement, title: string, name: string): void {
  saveBlob(new Blob([asSvg(drawing, title)], { type: "image/svg+xml" }), `${name}.svg`);
}

export async function savePng(drawing: SVGSVGElement, title: string, name: string): Promise<void> {
  const { width, height } = sizeOf(drawing);
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(asSvg(drawing, title))}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = SCALE * width;
  canvas.height = SCALE * height;
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done));
  if (!blob) throw new Error("The browser made no PNG of the drawing.");
  saveBlob(blob, `${name}.png`);
}
