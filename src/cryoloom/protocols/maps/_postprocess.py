"""Sharpen a map by what its halves agree on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from cryoloom.data import FSC, Mask, Volume, digest
from cryoloom.errors import ParameterError
from cryoloom.protocols.resolutions import believed_resolution, told_absence, told_resolution
from cryoloom.protocols.volumes import map_resources, mask_file_of
from cryoloom.workflow.lane import Resources
from cryoloom.workflow.parameters import AngstromPerPixel, Level, ProtocolParameters, parameter
from cryoloom.workflow.protocol import FileRole, Input, MapProtocol, Output, Stage, input_set, output_set
from cryoloom.workflow.workspace import Workspace

if TYPE_CHECKING:
    from cryoloom.data import Snapshot
    from cryoloom.workflow.protocol import MapResult


class Postprocess(MapProtocol):
    """Tell a map's resolution from its halves, and sharpen it.

    The halves are correlated within a mask, and what the mask makes by itself is taken away by randomising phases. The
    mean of the halves is weighted by what they agree on, sharpened by its own B-factor, and cut off at the resolution.
    If the trust page of the map's refinement believes less, that stays the map's resolution.
    """

    id = "postprocess"
    stage = Stage.VALIDATE
    citations = (
        "Rosenthal & Henderson (2003), J. Mol. Biol. 333:721-745, doi:10.1016/j.jmb.2003.07.013",
        "Chen et al. (2013), Ultramicroscopy 135:24-35, doi:10.1016/j.ultramic.2013.06.004",
    )
    file_categories: ClassVar[Mapping[str, FileRole]] = {"maps": FileRole.RESULT}

    class Inputs:
        """Maps with their halves, and masks."""

        volumes: Input[Volume] = input_set("maps with half maps")
        masks: Input[Mask] = input_set(
            "their masks; without, those of the maps, else the particle is found", optional=True, shared=True
        )

    class Outputs:
        """Sharpened maps and curves."""

        volumes: Output[Volume] = output_set("sharpened maps, with resolution and B-factor")
        fscs: Output[FSC] = output_set("correlation curves of the halves")

    class Parameters(ProtocolParameters):
        """How they are sharpened."""

        b_factor: float | None = parameter(
            None, label="B-factor", help="To apply, in Å²; negative sharpens. None: as the map's own amplitudes fall."
        )
        mtf: Path | None = parameter(
            None,
            label="Detector",
            help="STAR file with the modulation transfer function, whose damping is undone; without it, that of the "
            "map's particles. In half maps that were imported it must not have been undone before.",
            section="Detector",
            level=Level.ADVANCED,
        )
        detector_pixel_size: AngstromPerPixel | None = parameter(
            None,
            label="Pixel size of the movies",
            help="At which the detector recorded; needed with one that is named, else what the particles say.",
            section="Detector",
            level=Level.ADVANCED,
            gt=0.01,
        )
        undo_detector: bool = parameter(
            True,
            label="Undo the detector",
            help="If no detector is named, its damping is undone by the function that the optics groups of the map's "
            "particles name. Off: only by one that is named here.",
            section="Detector",
            level=Level.ADVANCED,
        )
        seed: int = parameter(1, label="Random seed", help="Of the random phases.", level=Level.EXPERT, ge=0)

    def check(self, parameters: Any) -> None:
        """Refuse a detector that is not fully described."""
        from cryoloom.protocols.detectors import check_detector

        if parameters.mtf is not None and not parameters.mtf.is_file():
            raise ParameterError(f"There is no file {parameters.mtf}.", path=parameters.mtf)
        check_detector(parameters.mtf, parameters.detector_pixel_size)

    def resources(self, volume: Volume, parameters: Any) -> Resources:
        """Memory follows from the box."""
        return map_resources(volume.box_size, arrays=14)

    def process(
        self, volume: Volume, /, parameters: Any, workspace: Workspace, masks: Sequence[Mask] | None = None
    ) -> MapResult:
        """Sharpen one map."""
        from dataclasses import replace

        from cryoloom.engine.validation import postprocess
        from cryoloom.protocols.detectors import detector_for
        from cryoloom.protocols.imposed_symmetry import imposed_copies
        from cryoloom.protocols.map_files import read_halves, write_map

        maps = read_halves(volume, masks, workspace)
        mask = mask_file_of(volume, masks)
        detector, unknown = detector_for(volume, parameters, workspace.resolve)
        if unknown:
            workspace.warn(unknown)
        done = postprocess(
            maps[0].volume,
            maps[1].volume,
            pixel_size=volume.pixel_size,
            mask=None if mask is None else maps[2].volume,
            b_factor=parameters.b_factor,
            detector=detector,
            copies=imposed_copies(volume, workspace.warn),
            seed=parameters.seed,
            threads=workspace.threads,
        )
        for warning in done.warnings:
            workspace.warn(warning)
        resolution, doubt = believed_resolution(volume, done.resolution)
        if doubt:
            workspace.warn(doubt)
        stored = workspace.file("maps", "_sharpened.mrc")
        write_map(stored.path, done.volume, like=maps[0])
        if mask is None:
            made = workspace.file("maps", "_mask.mrc")
            write_map(made.path, done.mask, like=maps[0])
            mask = made.name
        frequency = tuple(done.correlation.unmasked.frequency.tolist())
        return {
            "volumes": replace(
                volume,
                file=stored.name,
                mask_file=mask,
                resolution=resolution,
                b_factor=done.b_factor,
                mtf_undone=True if detector is not None else None,
            ),
            "fscs": [
                FSC(
                    id=digest("fsc", volume.id.to_bytes(8, "little"), name.encode()),
                    parent_id=volume.id,
                    volume_id=volume.id,
                    curve=name,
                    frequency=frequency,
                    correlation=tuple(curve.correlation.tolist()),
                )
                for name, curve in done.correlation.curves.items()
            ],
        }

    def summary(self, outputs: Mapping[str, Snapshot[Any]], parameters: Any) -> str:
        """The resolution and the B-factor."""
        parts = []
        for volume in outputs["volumes"].items():
            if volume.resolution is None:
                parts.append(told_absence(volume))
            else:
                told = told_resolution(volume.resolution, volume.pixel_size)
                parts.append(f"{told}; B {volume.b_factor:.0f} Å²")
        return "; ".join(parts)

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        how = "the B-factor of its Guinier plot" if parameters.b_factor is None else f"B = {parameters.b_factor:g} Å²"
        return (
            "The resolution estimated with cryoloom is that up to which the Fourier shell correlation of half maps, "
            "corrected for the mask by phase randomisation, exceeds 0.143 by its standard error, and that of the "
            f"pixels if it does everywhere; the map was sharpened by {how}."
        )

    def particulars(self, parameters: Any, outputs: Mapping[str, Snapshot[Any]]) -> str:
        """Whether the damping of the detector was undone."""
        undone = [volume.mtf_undone for volume in outputs["volumes"].items()] if "volumes" in outputs else []
        if not undone or not all(undone):
            return ""
        return "The damping of the detector was undone by its modulation transfer function."
