import { Canvas3D, Canvas3DContext, DefaultCanvas3DParams, type Canvas3DProps } from "molstar/lib/mol-canvas3d/canvas3d.js";
import { resizeCanvas } from "molstar/lib/mol-canvas3d/util.js";
import { Vec3 } from "molstar/lib/mol-math/linear-algebra.js";
import type { Representation } from "molstar/lib/mol-repr/representation.js";
import { AssetManager } from "molstar/lib/mol-util/assets.js";
import { Color } from "molstar/lib/mol-util/color/index.js";
import { skip, take } from "rxjs";
import type { SurfaceMesh } from "./messages";
import { drawnSurface, type Look } from "./object";
import { cross, turned, unit, type Vector } from "./turning";

const VOID = 0x0d0e10;

/** From where something is seen: the way from its middle to the eye, in Å, and what is upright there. */
export interface View {
  from: Vector;
  up: Vector;
}

/** A view of surfaces in space. */
export interface Scene {
  /** Draws a surface in the place of the one of that name; none takes it away. Resolves when it is on the screen. */
  show: (name: string, mesh: SurfaceMesh | null, look: Look) => Promise<void>;
  /** Turns by angles in radians about the upright and the level axis of the screen. */
  turn: (right: number, up: number) => void;
  /** Comes nearer by a factor. */
  near: (factor: number) => void;
  reset: () => void;
  /** Tells from where it is seen once that has changed, but for what `lookFrom` did; returns what ends that. */
  watch: (tell: (view: View) => void) => () => void;
  lookFrom: (view: View) => void;
  resize: () => void;
  end: () => void;
}

/** A scene that fills a box of the page. Throws if there is no WebGL. */
export function createScene(box: HTMLElement, still: boolean): Scene {
  const canvas = document.createElement("canvas");
  box.append(canvas);
  resizeCanvas(canvas, box);
  const context = Canvas3DContext.fromCanvas(canvas, new AssetManager(), { preserveDrawingBuffer: false }, { transparency: "blended" });
  const canvas3d = Canvas3D.create(context, propsOf(still));
  canvas3d.animate();
  const ending = new Set<() => void>();
  const shown = new Map<string, Representation.Any>();
  let known: View | null = null;
  const look = (from: Vector, up: Vector) => {
    const [x, y, z] = vectorOf(canvas3d.camera.state.target);
    canvas3d.camera.setState({ position: Vec3.create(x + from[0], y + from[1], z + from[2]), up: Vec3.create(...up) }, 0);
    canvas3d.requestDraw();
  };
  const view = (): View => {
    const { position, target, up } = canvas3d.camera.state;
    const [[x, y, z], [a, b, c]] = [vectorOf(position), vectorOf(target)];
    const from: Vector = [x - a, y - b, z - c];
    return { from, up: vectorOf(up) };
  };
  return {
    show: (name, mesh, how) => {
      const before = shown.get(name);
      const first = shown.size === 0;
      if (before) canvas3d.remove(before);
      shown.delete(name);
      if (mesh && mesh.indices.length > 0) {
        const drawn = drawnSurface(mesh, how);
        shown.set(name, drawn);
        canvas3d.add(drawn);
      }
      canvas3d.commit(true);
      if (first) canvas3d.requestCameraReset({ durationMs: 0 });
      return new Promise((resolve) => {
        const leave = () => {
          ending.delete(leave);
          drawn.unsubscribe();
          resolve();
        };
        const drawn = canvas3d.didDraw.pipe(skip(1), take(1)).subscribe(() => requestAnimationFrame(leave));
        ending.add(leave);
        canvas3d.requestDraw();
      });
    },
    turn: (right, up) => {
      const { from, up: upright } = view();
      const level = unit(cross(upright, from));
      const spin = (v: Vector) => turned(turned(v, unit(upright), right), level, up);
      look(spin(from), spin(upright));
    },
    near: (factor) => {
      const { from, up } = view();
      look([from[0] / factor, from[1] / factor, from[2] / factor], up);
    },
    reset: () => canvas3d.requestCameraReset({ durationMs: 0 }),
    watch: (tell) => {
      const drawn = canvas3d.didDraw.pipe(skip(1)).subscribe(() => {
        const now = view();
        if (shown.size === 0 || isSame(now, known)) return;
        known = now;
        tell(now);
      });
      const end = () => drawn.unsubscribe();
      ending.add(end);
      return end;
    },
    lookFrom: ({ from, up }) => {
      look(from, up);
      known = view();
    },
    resize: () => {
      resizeCanvas(canvas, box);
      canvas3d.handleResize();
      canvas3d.requestDraw();
    },
    end: () => {
      ending.forEach((act) => act());
      canvas3d.dispose();
      context.dispose();
      canvas.remove();
    },
  };
}

function isSame(one: View, other: View | null): boolean {
  if (!other) return false;
  const [a, b] = [[...one.from, ...one.up], [...other.from, ...other.up]];
  const size = Math.max(1, ...a.map(Math.abs));
  return a.every((value, at) => Math.abs(value - (b[at] ?? 0)) < 1e-5 * size);
}

function vectorOf([x = 0, y = 0, z = 0]: ArrayLike<number> & Iterable<number>): Vector {
  return [x, y, z];
}

function propsOf(still: boolean): Canvas3DProps {
  const usual = DefaultCanvas3DParams;
  const off = { name: "off", params: {} } as const;
  return {
    ...usual,
    cameraResetDurationMs: 0,
    camera: { ...usual.camera, mode: "orthographic", helper: { ...usual.camera.helper, axes: off } },
    cameraFog: { name: "on", params: { intensity: 25 } },
    cameraClipping: { ...usual.cameraClipping, radius: 0, far: false },
    multiSample: { ...usual.multiSample, mode: "off" },
    trackball: { ...usual.trackball, staticMoving: still },
    marking: { ...usual.marking, enabled: false },
    renderer: { ...usual.renderer, backgroundColor: Color(VOID) },
    postprocessing: { ...usual.postprocessing, occlusion: off, shadow: off, outline: off },
  };
}
