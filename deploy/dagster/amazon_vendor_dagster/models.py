"""The dbt models as assets downstream of the streams. This needs the package dagster-dbt and a dbt project."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dagster import AssetExecutionContext, AssetKey, AssetsDefinition
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtCliResource, DbtProject, dbt_assets

#: Name of the dbt source with the tap's tables, in the dbt project of this repository.
SOURCE = "amazon"


class _Translator(DagsterDbtTranslator):
    """Maps each source table to the asset that loads it."""

    def __init__(self, streams: Mapping[str, AssetKey]) -> None:
        # A permission group loads several tables.
        super().__init__(DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True))
        self._streams = streams

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> AssetKey:
        """Return the key of a model or a source."""
        name = dbt_resource_props["name"]
        if dbt_resource_props.get("source_name") == SOURCE and name in self._streams:
            return self._streams[name]
        return super().get_asset_key(dbt_resource_props)


def make_models(folder: Path, streams: Mapping[str, AssetKey]) -> tuple[AssetsDefinition, DbtCliResource]:
    """Return the models of a dbt project as assets, and the resource that runs dbt.

    Args:
        folder: The project, with its `profiles.yml`, and with `target/manifest.json` unless `dagster dev` makes it.
        streams: The asset of each stream.
    """
    project = DbtProject(project_dir=folder)
    project.prepare_if_dev()

    @dbt_assets(manifest=project.manifest_path, dagster_dbt_translator=_Translator(streams), name="dbt_models")
    def build(context: AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        yield from dbt.cli(["build"], context=context).stream()

    return build, DbtCliResource(project_dir=project)
