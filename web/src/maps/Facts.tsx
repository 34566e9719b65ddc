import type { VolumeDocument } from "../api/types";
import { count } from "../kit/format";
import { Icon } from "../kit/Icon";
import { Quantity } from "../kit/Quantity";
import { rangeOfLocal } from "./useLook";

/** What is known of a map, in numbers. */
export function Facts({ volume }: { volume: VolumeDocument }) {
  const local = rangeOfLocal(volume);
  const facts: [string, React.ReactNode][] = [
    ["Resolution", volume.resolution === null ? "not known" : <Quantity key="r" value={volume.resolution.toFixed(2)} unit="Å" />],
    ["Particles", volume.particle_count === null ? "not known" : count(volume.particle_count)],
    ["Symmetry", volume.symmetry || "not known"],
    ["Box · pixel", <span key="b"><Quantity value={count(volume.box_size)} unit="px" /> · <Quantity value={volume.pixel_size.toFixed(3)} unit="Å/px" /></span>],
    ["B-factor applied", volume.b_factor === null ? "none" : <Quantity key="f" value={volume.b_factor.toFixed(0).replace("-", "−")} unit="Å²" />],
    ...(local ? [["Local resolution", <Quantity key="l" value={`${local[0].toFixed(1)} to ${local[1].toFixed(1)}`} unit="Å" />] as [string, React.ReactNode]] : []),
    ...(volume.hand ? [["Hand", volume.hand] as [string, React.ReactNode]] : []),
  ];
  return (
    <section className="panel facts-panel" aria-label="About this map">
      <p className="headline">{volume.headline}</p>
      {volume.resolution_rule && <p className="sm faint">{volume.resolution_rule}.</p>}
      <dl className="nums">{facts.map(([word, value]) => <div key={word}><dt>{word}</dt><dd>{value}</dd></div>)}</dl>
      {volume.missing.length > 0 && <ul className="warns">{volume.missing.map((sentence) => <li key={sentence}><Icon name="triangle" /><span>{sentence}</span></li>)}</ul>}
    </section>
  );
}
