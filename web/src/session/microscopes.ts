import { queryOptions } from "@tanstack/react-query";
import { answered, api } from "../api/client";
import type { components } from "../api/schema";
import type { MicroscopesDocument } from "../api/types";

type Schemas = components["schemas"];
export type Microscope = Schemas["Microscope"];

export const microscopesQuery = queryOptions({
  queryKey: ["microscopes"],
  queryFn: () => answered(api.GET("/api/microscopes")),
  staleTime: 0,
});

export const defineMicroscopes = (body: Schemas["Microscopes"]) => answered(api.PUT("/api/microscopes", { body }));
export const beginSession = (body: Schemas["NewSession"]) => answered(api.POST("/api/sessions", { body }));

/** Microscopes as they are changed: numbers as they are typed. */
export interface Draft {
  name: string;
  voltage: number | string;
  spherical_aberration: number | string;
  gain_folder: string;
  template: string;
  lane: string;
  magnifications: { name: string; pixel_size: number | string; dose_per_frame: number | string }[];
}

export const EMPTY: Draft = { name: "", voltage: 300, spherical_aberration: 2.7, gain_folder: "", template: "session", lane: "local", magnifications: [{ name: "", pixel_size: "", dose_per_frame: "" }] };

export function draftsOf({ microscopes }: MicroscopesDocument): Draft[] {
  return microscopes.map(({ name, voltage, spherical_aberration, gain_folder, template, lane, magnifications }) => ({ name, voltage, spherical_aberration, gain_folder, template, lane, magnifications: magnifications.map((one) => ({ ...one })) }));
}

/** Microscopes as the server takes them; null if something is missing. */
export function definedBy(drafts: readonly Draft[]): Microscope[] | null {
  const whole = drafts.map((draft) => ({
    ...draft,
    voltage: Number(draft.voltage),
    spherical_aberration: Number(draft.spherical_aberration),
    magnifications: draft.magnifications.map((one) => ({ name: one.name, pixel_size: Number(one.pixel_size), dose_per_frame: Number(one.dose_per_frame) })),
  }));
  const told = whole.every((one) => one.name.trim() && one.voltage > 0 && one.magnifications.length > 0 && one.magnifications.every((magnification) => magnification.name.trim() && magnification.pixel_size > 0 && magnification.dose_per_frame > 0));
  return told ? whole : null;
}
