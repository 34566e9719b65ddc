import { ramp, type Contrast } from "./contrast";
import { IMAGE, linked, RINGS, type Shaders } from "./shaders";
import type { Size, View } from "./view";

/** Where particles are, in pixels of the micrograph. */
export interface Marks {
  x: readonly number[];
  y: readonly number[];
  /** px */
  radius: number;
}

const LINE = 1.3; // CSS pixels

/** A canvas with one program of the graphics processor. */
class Stage {
  protected readonly gl: WebGL2RenderingContext;
  protected readonly program: WebGLProgram;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    shaders: Shaders,
    alpha: boolean,
  ) {
    const gl = canvas.getContext("webgl2", { alpha, antialias: false, depth: false, powerPreference: "low-power" });
    if (!gl) throw new Error("This browser draws nothing by WebGL.");
    this.gl = gl;
    this.program = linked(gl, shaders);
    gl.useProgram(this.program);
  }

  /** Empties the canvas, and tells the program what is seen; `size` is that of the box in CSS pixels. */
  protected begin(view: View, size: Size, pixelRatio: number): void {
    const { gl, canvas } = this;
    const [width, height] = [Math.round(size.width * pixelRatio), Math.round(size.height * pixelRatio)];
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    gl.viewport(0, 0, width, height);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(this.place("centre"), view.x, view.y);
    gl.uniform2f(this.place("seen"), (2 * view.zoom) / size.width, (2 * view.zoom) / size.height);
  }

  /** Gives back the memory of the graphics processor, once the canvas is gone from the page. */
  end(): void {
    setTimeout(() => {
      if (!this.canvas.isConnected) this.gl.getExtension("WEBGL_lose_context")?.loseContext();
    });
  }

  protected place(name: string): WebGLUniformLocation | null {
    return this.gl.getUniformLocation(this.program, name);
  }
}

/** Draws a micrograph; contrast and place are told to the shader, so that neither moves a pixel in memory. */
export class ImageStage extends Stage {
  private covered: Size | null = null;

  constructor(canvas: HTMLCanvasElement) {
    super(canvas, IMAGE, false);
    const { gl } = this;
    gl.clearColor(13 / 255, 14 / 255, 16 / 255, 1);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  }

  /** Takes grey values, row by row, each the mean of `scale` by `scale` pixels of the micrograph; null: they are on their way. */
  setImage(grey: Uint8Array | null, { width, height }: Size, scale: number): void {
    const { gl } = this;
    this.covered = grey && { width: width * scale, height: height * scale };
    if (!grey) return;
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, width, height, 0, gl.RED, gl.UNSIGNED_BYTE, grey);
    gl.generateMipmap(gl.TEXTURE_2D);
  }

  draw(view: View, contrast: Contrast, size: Size, pixelRatio: number): void {
    this.begin(view, size, pixelRatio);
    if (!this.covered) return;
    this.gl.uniform2f(this.place("size"), this.covered.width, this.covered.height);
    this.gl.uniform2f(this.place("ramp"), ...ramp(contrast));
    this.gl.drawArrays(this.gl.TRIANGLE_STRIP, 0, 4);
  }
}

/** Draws circles about picks, on a canvas of their own: a change of the contrast draws none of them again. */
export class MarkStage extends Stage {
  private count = 0;
  private radius = 0;

  constructor(canvas: HTMLCanvasElement) {
    super(canvas, RINGS, true);
    const { gl } = this;
    gl.clearColor(0, 0, 0, 0);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    gl.vertexAttribDivisor(0, 1);
    gl.enable(gl.BLEND);
    gl.blendFuncSeparate(gl.ONE, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  setMarks(marks: Marks | null): void {
    const { gl } = this;
    this.count = marks?.x.length ?? 0;
    if (!marks) return;
    const places = new Float32Array(2 * this.count);
    marks.x.forEach((value, at) => {
      places[2 * at] = value + 0.5; // 0 is the centre of the first pixel
      places[2 * at + 1] = (marks.y[at] ?? 0) + 0.5;
    });
    gl.bufferData(gl.ARRAY_BUFFER, places, gl.STATIC_DRAW);
    this.radius = marks.radius;
  }

  draw(view: View, size: Size, pixelRatio: number): void {
    this.begin(view, size, pixelRatio);
    if (this.count === 0) return;
    this.gl.uniform1f(this.place("radius"), this.radius);
    this.gl.uniform1f(this.place("line"), LINE / view.zoom);
    this.gl.drawArraysInstanced(this.gl.TRIANGLE_STRIP, 0, 4, this.count);
  }
}
