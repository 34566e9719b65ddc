import { createIdentityTransform } from "molstar/lib/mol-geo/geometry/transform-data.js";
import { Mesh } from "molstar/lib/mol-geo/geometry/mesh/mesh.js";
import { isPositionLocation, LocationIterator } from "molstar/lib/mol-geo/util/location-iterator.js";
import { createRenderObject, getNextMaterialId } from "molstar/lib/mol-gl/render-object.js";
import { NullLocation } from "molstar/lib/mol-model/location.js";
import { Representation } from "molstar/lib/mol-repr/representation.js";
import type { ColorTheme } from "molstar/lib/mol-theme/color.js";
import type { SizeTheme } from "molstar/lib/mol-theme/size.js";
import { Color } from "molstar/lib/mol-util/color/index.js";
import { ParamDefinition as PD } from "molstar/lib/mol-util/param-definition.js";
import type { SurfaceMesh } from "./messages";

/** How a surface looks: one colour, 0xRRGGBB, or one for each place in Å from the middle of the map. */
export interface Look {
  colour: number | ((x: number, y: number, z: number) => number);
  opacity: number;
}

type Colours = ColorTheme<PD.Params, "uniform" | "vertex">;

/** A surface as Mol* draws it. */
export function drawnSurface(mesh: SurfaceMesh, { colour, opacity }: Look): Representation.Any {
  const vertices = mesh.positions.length / 3;
  const geometry = Mesh.create(mesh.positions, mesh.indices, mesh.normals, new Float32Array(vertices), vertices, mesh.indices.length / 3);
  const props = { ...PD.getDefaultValues(Mesh.Params), alpha: opacity, doubleSided: true, instanceGranularity: true };
  const sizes: SizeTheme<PD.Params> = { factory: () => sizes, granularity: "uniform", size: () => 1, props: {} };
  const one = LocationIterator(1, 1, 1, () => NullLocation);
  const values = Mesh.Utils.createValues(geometry, createIdentityTransform(), one, { color: coloursOf(colour), size: sizes }, props);
  const state = { ...Mesh.Utils.createRenderableState(props), pickable: false };
  return { ...Representation.createEmpty(), renderObjects: [createRenderObject("mesh", values, state, getNextMaterialId())] };
}

function coloursOf(colour: Look["colour"]): Colours {
  const colours: Colours =
    typeof colour === "number"
      ? { factory: () => colours, granularity: "uniform", color: () => Color(colour), props: {} }
      : {
          factory: () => colours,
          granularity: "vertex",
          color: (location) => {
            if (!isPositionLocation(location)) return Color(0);
            const [x = 0, y = 0, z = 0] = location.position;
            return Color(colour(x, y, z));
          },
          props: {},
        };
  return colours;
}
