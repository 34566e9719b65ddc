import { memo } from "react";
import type { ExposureDocument } from "../api/types";
import "../inspector/inspector.css";
import { DriftPart } from "./DriftPart";
import { dayAndClock, fixed } from "../kit/format";
import { Numbers } from "./Numbers";
import type { SetPlace } from "./places";
import { SpectrumPart } from "./SpectrumPart";

interface Props {
  place: SetPlace;
  exposure: ExposureDocument;
  name: string;
  overlay: boolean;
  /** Whether what takes the server long is asked for, which the image goes before. */
  begin: boolean;
}

/** What is known of an exposure, beside its image. */
export const ExposurePanel = memo(function ExposurePanel({ place, exposure, name, overlay, begin }: Props) {
  const { ctf, picks, numbers } = exposure;
  const taken = exposure.acquired_at ? dayAndClock(Date.parse(exposure.acquired_at) / 1000) : "";
  return (
    <aside className="inspector" aria-label="What is known of it">
      <header>
        <h2 className="mono cut" title={name}>{name}</h2>
        <p className="facts">{[taken, exposure.place].filter(Boolean).join(" · ") || "When and where it was taken is not told beside its file."}</p>
      </header>
      <div className="body" tabIndex={0} role="region" aria-label="Numbers and curves">
        <SpectrumPart place={place} exposure={exposure} name={name} overlay={overlay} begin={begin} />
        <DriftPart exposure={exposure} name={name} />
        <section aria-labelledby="exposure">
          <h3 id="exposure">Exposure</h3>
          <Numbers
            rows={[
              ...numbers.map((one) => [one.label, fixed(one.value, one.digits, one.unit)] as const),
              ...(ctf?.ice_ring != null ? [["Ice ring, above its ground", fixed(100 * ctf.ice_ring, 0, "%")] as const] : []),
              ...(ctf?.ice_thickness_relative != null ? [["Ice, relative", fixed(ctf.ice_thickness_relative, 4, "Å²")] as const] : []),
              ...(ctf?.tilt_angle != null ? [["Tilt", fixed(ctf.tilt_angle, 1, "°")] as const] : []),
              ...(picks ? [[`Picks of run ${picks.run_number}`, fixed(picks.x.length, 0)] as const] : []),
            ]}
          />
        </section>
        <section>
          <h3>File</h3>
          <p className="mono sm dim" style={{ overflowWrap: "anywhere" }}>{exposure.file}</p>
        </section>
      </div>
    </aside>
  );
});
