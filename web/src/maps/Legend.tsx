import { css, STOPS } from "./colours";

/** Which colour stands for which local resolution. */
export function Legend({ range: [finest, coarsest], run }: { range: readonly [number, number]; run: number | undefined }) {
  const told = (share: number) => (finest + share * (coarsest - finest)).toFixed(1);
  return (
    <div className="over over-right-bottom" role="img" aria-label={`Colours go from ${told(0)} Å, the finest tenth, to ${told(1)} Å, the coarsest tenth; grey where there is no local resolution.`}>
      <span>Local resolution{run === undefined ? "" : `, run ${run}`}</span>
      <span className="ramp" style={{ background: `linear-gradient(90deg, ${STOPS.map(css).join(", ")})` }} />
      <span className="ends"><span>{told(0)} Å</span><span>{told(0.5)}</span><span>{told(1)} Å</span></span>
    </div>
  );
}
