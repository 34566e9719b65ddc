import { describe, expect, it } from "vitest";
import { aRun } from "../../api/sample";
import { shelfOf } from "../outputs";
import { keeping } from "./keeping";
import { asked, fitted, neighbour, rounded, told } from "./layout";
import { CARD, COLUMN, graphOf, structureOf } from "./model";
import { plainLayout } from "./plain";

const protocol = { id: "motion", version: 1, title: "", stage: "motion", shape: "map" as const, input_kinds: { movies: "movies" }, output_kinds: { micrographs: "micrographs" } };
const first = aRun({ ulid: "A", number: 1, protocol: "motion", progress: { ...aRun().progress, outputs: { micrographs: 12 } } });
const second = aRun({ ulid: "B", number: 2, protocol: "ctf", inputs: { micrographs: { run: "A", output: "micrographs" }, lost: { run: "X", output: "y" } } });
const model = graphOf([first, second], shelfOf([first, second], [protocol]));

describe("graphOf", () => {
  it("counts what goes along an edge, and leaves out links to runs that are gone", () => {
    expect(model.edges).toEqual([{ id: "B.micrographs", source: "A", output: "micrographs", target: "B", input: "micrographs", items: 12, live: true }]);
    expect(model.nodes[0]?.outputs).toMatchObject([{ name: "micrographs", kind: "micrographs", y: CARD.height / 2 }]);
  });

  it("has the same structure while only counts change", () => {
    const later = graphOf([{ ...first, progress: { ...first.progress, outputs: { micrographs: 40 } } }, second], shelfOf([first, second], [protocol]));
    expect(structureOf(later)).toBe(structureOf(model));
  });
});

it("keeps the objects of what has not changed", () => {
  const keep = keeping<{ id: string; n: number }>((a, b) => a.n === b.n);
  const [a, b] = keep([{ id: "a", n: 1 }, { id: "b", n: 1 }]);
  const after = keep([{ id: "a", n: 1 }, { id: "b", n: 2 }]);
  expect([after[0] === a, after[1] === b]).toEqual([true, false]);
});

describe("layout", () => {
  it("asks for every card and connection", () => {
    const question = asked(model, 900, 600);
    expect(question.children?.map((child) => child.id)).toEqual(["A", "B"]);
    expect(question.edges?.[0]).toMatchObject({ sources: ["A>micrographs"], targets: ["B<micrographs"] });
  });

  it("puts very many runs into columns by depth, none upon another", () => {
    const third = aRun({ ulid: "C", number: 3, protocol: "motion" });
    const { places, routes, width, height } = plainLayout(graphOf([first, second, third], shelfOf([first, second, third], [protocol])), 1);
    const [a, b, c] = ["A", "B", "C"].map((run) => places.get(run));
    expect([a, b]).toEqual([{ x: 0, y: 0 }, { x: COLUMN, y: 0 }]);
    expect(c?.x === 0 && c.y >= CARD.height).toBe(true);
    expect(routes.get("B.micrographs")?.at(-1)).toEqual({ x: COLUMN, y: (CARD.height * 1) / 3 });
    expect([width, height]).toEqual([COLUMN + CARD.width, 2 * CARD.height + 64]);
  });

  it("reads places and routes", () => {
    const layout = told({ id: "g", children: [{ id: "A", x: 1, y: 2 }], edges: [{ id: "e", sources: [], targets: [], sections: [{ id: "s", startPoint: { x: 0, y: 0 }, bendPoints: [{ x: 20, y: 0 }], endPoint: { x: 20, y: 40 } }] }] });
    expect(layout.places.get("A")).toEqual({ x: 1, y: 2 });
    expect(rounded(layout.routes.get("e") ?? [])).toBe("M0 0L12 0Q20 0 20 8L20 40");
  });

  it("fits all into view, but comes no nearer than cards are made for", () => {
    expect(fitted({ width: 1944, height: 100 }, 1000, 500)).toMatchObject({ x: 28, zoom: 944 / 1944 });
    expect(fitted({ width: 100, height: 100 }, 1000, 500).zoom).toBe(1.15);
  });

  it("finds the nearest card in a direction", () => {
    const places = new Map([["A", { x: 0, y: 0 }], ["B", { x: 270, y: 0 }], ["C", { x: 270, y: 150 }]]);
    expect(["ArrowRight", "ArrowLeft", "Enter"].map((key) => neighbour(places, "A", key))).toEqual(["B", null, null]);
    expect(neighbour(places, "B", "ArrowDown")).toBe("C");
  });
});
