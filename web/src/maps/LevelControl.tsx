import { useId } from "react";
import { measured } from "../kit/format";
import { Quantity } from "../kit/Quantity";
import { fromSigma, toSigma, within, type LevelRange, type Statistics } from "./level";
import type { Look } from "./useLook";

interface Props {
  look: Look;
  level: number;
  range: LevelRange;
  statistics: Statistics;
  proposed: number;
  rule: string;
}

/** At which level the surface is drawn, in standard deviations or as the voxels have it. */
export function LevelControl({ look, level, range, statistics, proposed, rule }: Props) {
  const slider = useId();
  const inSigma = look.unit === "sigma";
  const told = (one: number) => (inSigma ? toSigma(one, statistics) : one);
  const start = within(proposed, range);
  const shown = inSigma ? { value: told(level).toFixed(2), unit: "σ" } : { value: measured(level), unit: "" };
  return (
    <div className="over over-left-bottom" role="group" aria-label="Level of the surface">
      <label htmlFor={slider}>Level</label>
      <input
        id={slider}
        type="range"
        min={told(range.low)}
        max={told(range.high)}
        step="any"
        value={told(level)}
        aria-valuetext={`${shown.value} ${shown.unit}`}
        onChange={(event) => {
          const to = event.currentTarget.valueAsNumber;
          look.setLevel(inSigma ? fromSigma(to, statistics) : to);
        }}
      />
      <output htmlFor={slider}><Quantity {...shown} /></output>
      <button type="button" aria-label={inSigma ? "in σ; tell it as the voxels have it" : "absolute; tell it in standard deviations"} title={`σ of the whole box is ${measured(statistics.sigma)}, its mean ${measured(statistics.mean)}`} onClick={() => look.setUnit(inSigma ? "absolute" : "sigma")}>
        {inSigma ? "in σ" : "absolute"}
      </button>
      {level !== start && <button type="button" title={rule} onClick={() => look.setLevel(start)}>As proposed</button>}
    </div>
  );
}
