/** A program of the graphics processor. */
export interface Shaders {
  vertex: string;
  fragment: string;
}

/** Corners of a square from 0 to 1 by the number of the vertex. */
const CORNER = "vec2 corner = vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1));";

/** The micrograph: grey values along a ramp. */
export const IMAGE: Shaders = {
  vertex: `#version 300 es
    uniform vec2 size, centre, seen;
    out vec2 place;
    void main() {
      ${CORNER}
      place = corner;
      vec2 at = (corner * size - centre) * seen;
      gl_Position = vec4(at.x, -at.y, 0.0, 1.0);
    }`,
  fragment: `#version 300 es
    precision mediump float;
    uniform sampler2D grey;
    uniform vec2 ramp;
    in vec2 place;
    out vec4 colour;
    void main() {
      colour = vec4(vec3(clamp(texture(grey, place).r * ramp.x + ramp.y, 0.0, 1.0)), 1.0);
    }`,
};

/** A ring about each pick, of the same width at any distance. */
export const RINGS: Shaders = {
  vertex: `#version 300 es
    layout(location = 0) in vec2 pick;
    uniform vec2 centre, seen;
    uniform float radius, line;
    out vec2 from;
    void main() {
      ${CORNER}
      from = (2.0 * corner - 1.0) * (radius + 2.0 * line);
      vec2 at = (pick + from - centre) * seen;
      gl_Position = vec4(at.x, -at.y, 0.0, 1.0);
    }`,
  fragment: `#version 300 es
    precision highp float;
    uniform float radius, line;
    in vec2 from;
    out vec4 colour;
    void main() {
      float away = abs(length(from) - radius);
      float cover = clamp((line - away) / line + 0.3, 0.0, 1.0);
      if (cover <= 0.0) discard;
      colour = vec4(0.384, 0.776, 0.839, 1.0) * (0.95 * cover);
    }`,
};

/** A program that can be used; what the browser finds wrong with it is thrown. */
export function linked(gl: WebGL2RenderingContext, { vertex, fragment }: Shaders): WebGLProgram {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]] as const) {
    const shader = gl.createShader(kind);
    if (!shader) throw new Error("The browser has lost its drawing context; load the page anew.");
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "A shader cannot be linked.");
  return program;
}
