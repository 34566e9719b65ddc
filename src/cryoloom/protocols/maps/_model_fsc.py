"""Tell how well a map agrees with an atomic model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryoloom.data import Mask, ModelCorrelation, Volume
from cryoloom.errors import ParameterError
from cryoloom.protocols.volumes import map_resources, mask_file_of
from cryoloom.workflow.lane import Resources
from cryoloom.workflow.parameters import ProtocolParameters, parameter
from cryoloom.workflow.protocol import Input, MapProtocol, Output, Stage, input_set, output_set
from cryoloom.workflow.workspace import Workspace

if TYPE_CHECKING:
    from cryoloom.data import Snapshot

THRESHOLD = 0.5


class CorrelateWithModel(MapProtocol):
    """Correlate a map with the potential of an atomic model that lies in it, shell by shell.

    The potential is drawn with electron form factors and the B-factors of the model. A map agrees with a model up to
    where the curve falls below 0.5. The wrong hand, or a wrong pixel size, shows as a curve that falls early.
    """

    id = "model-fsc"
    stage = Stage.VALIDATE
    citations = (
        "Rosenthal & Henderson (2003), J. Mol. Biol. 333:721-745, doi:10.1016/j.jmb.2003.07.013",
        "Peng, Ren, Dudarev & Whelan (1996), Acta Cryst. A52:257-276, doi:10.1107/S0108767395014371",
        "Wojdyr (2022), J. Open Source Softw. 7:4200, doi:10.21105/joss.04200",
    )

    class Inputs:
        """Maps, and masks."""

        volumes: Input[Volume] = input_set("maps, sharpened or not")
        masks: Input[Mask] = input_set(
            "mask to correlate within; without, one around the atoms", optional=True, shared=True
        )

    class Outputs:
        """Curves."""

        correlations: Output[ModelCorrelation] = output_set("one curve for each map")

    class Parameters(ProtocolParameters):
        """The model."""

        model: Path = parameter(
            label="Model", help="PDB or mmCIF file, in the coordinates of the map: its header tells their origin."
        )

    def check(self, parameters: Any) -> None:
        """Refuse a model that is not there."""
        if not parameters.model.is_file():
            raise ParameterError(f"There is no file {parameters.model}.", path=parameters.model)

    def resources(self, volume: Volume, parameters: Any) -> Resources:
        """Memory follows from the box."""
        return map_resources(volume.box_size, arrays=24)

    def process(
        self, volume: Volume, /, parameters: Any, workspace: Workspace, masks: Sequence[Mask] | None = None
    ) -> ModelCorrelation:
        """Correlate one map."""
        from cryoloom.protocols.map_files import read_maps
        from cryoloom.protocols.maps._model import with_model

        mask = mask_file_of(volume, masks) if masks else None
        names = [volume.file, *([] if mask is None else [mask])]
        maps = read_maps([workspace.resolve(name) for name in names], pixel_size=volume.pixel_size)
        curve = with_model(maps, parameters.model, threads=workspace.threads)
        resolution = curve.resolution(THRESHOLD)
        if resolution is None:
            workspace.warn(
                f"The map and {parameters.model.name} agree nowhere; does the model lie in the map, and has it the "
                "right hand?"
            )
        return ModelCorrelation(
            id=volume.id,
            parent_id=volume.id,
            model_file=str(parameters.model),
            resolution=resolution,
            frequency=tuple(curve.frequency.tolist()),
            correlation=tuple(curve.correlation.tolist()),
        )

    def summary(self, outputs: Mapping[str, Snapshot[Any]], parameters: Any) -> str:
        """Up to where they agree."""
        return "; ".join(
            "they agree nowhere" if one.resolution is None else f"they agree up to {one.resolution:.2f} Å"
            for one in outputs["correlations"].items()
        )

    def methods(self, parameters: Any, counts: Mapping[str, int]) -> str:
        """What a paper says of it."""
        return (
            f"The map was correlated, shell by shell, with the electron potential of the model {parameters.model.name} "
            "as drawn with gemmi; it agrees up to where the correlation falls below 0.5."
        )
