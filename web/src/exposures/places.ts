/** A set of micrographs, as addresses name it. */
export interface SetPlace {
  project: string;
  run: string;
  output: string;
}

/** Where the exposures of a set are listed in the app; with an identity, where one is looked at. */
export function exposuresPage({ project, run, output }: SetPlace, exposure = ""): string {
  return `/projects/${project}/runs/${run}/outputs/${output}/exposures${exposure && `/${exposure}`}`;
}

const served = ({ project, run, output }: SetPlace, exposure: string) => `/api/projects/${project}/runs/${run}/outputs/${output}/exposures/${exposure}`;

export function imageAddress(place: SetPlace, exposure: string, scale: number, lowPass: number | null): string {
  return `${served(place, exposure)}/image?scale=${scale}${lowPass === null ? "" : `&low_pass=${lowPass}`}`;
}

export function thumbnailAddress(place: SetPlace, exposure: string, of: "micrograph" | "spectrum"): string {
  return `${served(place, exposure)}/thumbnail?of=${of}`;
}

export function ringsPictureAddress(place: SetPlace, exposure: string): string {
  return `${served(place, exposure)}/rings/picture`;
}
