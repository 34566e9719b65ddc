import { useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import type { ExposureDocument } from "../api/types";
import { Saves } from "../charts/Saves";
import { Icon } from "../kit/Icon";
import { ProblemNote } from "../kit/ProblemNote";
import { fixed } from "../kit/format";
import { Numbers } from "./Numbers";
import { ringsPictureAddress, thumbnailAddress, type SetPlace } from "./places";
import { ringsQuery } from "./queries";
import { RingCurves, ringsTable } from "./RingCurves";

const EDGE = 148; // px

interface Props {
  place: SetPlace;
  exposure: ExposureDocument;
  name: string;
  overlay: boolean;
  /** Whether the rings are to be measured already. */
  begin: boolean;
}

/** The power spectrum with the rings of the fit, the numbers of that, and both along their rings. */
export function SpectrumPart({ place, exposure, name, overlay, begin }: Props) {
  const { ctf } = exposure;
  const drawing = useRef<SVGSVGElement>(null);
  const fit = ctf ? `${ctf.run_number} ${ctf.defocus_u} ${ctf.defocus_v} ${ctf.defocus_angle}` : "";
  const rings = useQuery({ ...ringsQuery(place, exposure.id, fit), enabled: begin && ctf !== null });
  if (!ctf) {
    return (
      <section aria-labelledby="spectrum">
        <h3 id="spectrum">Power spectrum and fit</h3>
        <p className="sm dim">The CTF of this micrograph has not been estimated, or that has failed; the run of the CTF says why.</p>
      </section>
    );
  }
  const data = rings.data;
  return (
    <section aria-labelledby="spectrum">
      <div className="sechead">
        <h3 id="spectrum">Power spectrum and fit</h3>
        {data && <Saves title={`${name}: power spectrum along its rings, and its fit, by resolution in Å`} name={`${name}-spectrum`} drawing={drawing} table={() => ringsTable(data)} />}
      </div>
      <div className="spectrum">
        <svg viewBox="-1 -1 2 2" width={EDGE} height={EDGE} role="img" aria-label={`Power spectrum${data && overlay ? ", zeros of the fit on its right half" : ""}`}>
          <image href={data ? ringsPictureAddress(place, exposure.id) : thumbnailAddress(place, exposure.id, "spectrum")} x="-1" y="-1" width="2" height="2" preserveAspectRatio="none" />
          {data && overlay && (
            <g className="zeros">
              <clipPath id="right-half"><path d="M0-1h1v2h-1z" /></clipPath>
              <g clipPath="url(#right-half)">
                {data.zeros.map((zero) => (
                  <ellipse key={zero.along} rx={zero.along / data.edge} ry={zero.across / data.edge} transform={`rotate(${data.angle})`} />
                ))}
                {data.fit_resolution !== null && <circle r={1 / (data.fit_resolution * data.edge)} strokeDasharray=".03 .03" />}
              </g>
              <path d="M0-1v2" strokeOpacity=".6" />
            </g>
          )}
        </svg>
        <Numbers
          rows={[
            ["Defocus U", fixed(ctf.defocus_u / 1e4, 2, "µm")],
            ["Defocus V", fixed(ctf.defocus_v / 1e4, 2, "µm")],
            ["Angle", fixed(ctf.defocus_angle, 1, "°")],
            ["Astigmatism", fixed((ctf.defocus_u - ctf.defocus_v) / 10, 0, "nm")],
            ["Fits to", fixed(ctf.fit_resolution, 1, "Å")],
            ["Phase shift", fixed(ctf.phase_shift, 0, "°")],
            ["Score", fixed(ctf.score, 2)],
          ]}
        />
      </div>
      {rings.isPending && <p className="sm faint ringwait" role="status">Measuring the rings …</p>}
      {rings.isError && <ProblemNote error={rings.error} />}
      {data && <RingCurves rings={data} ref={drawing} />}
      {ctf.warnings.length > 0 && <ul className="warns">{ctf.warnings.map((warning) => <li key={warning}><Icon name="triangle" /><span>{warning}</span></li>)}</ul>}
    </section>
  );
}
