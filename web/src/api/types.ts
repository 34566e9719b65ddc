import type { components } from "./schema";

type Schemas = components["schemas"];

export type ClassDocument = Schemas["ClassDocument"];
export type ClassWall = Schemas["ClassWall"];
export type ColumnDocument = Schemas["ColumnDocument"];
export type FailedItem = Schemas["FailedItemDocument"];
export type InputLink = Schemas["InputDocument"];
export type Machine = Schemas["MachineDocument"];
export type NextStep = Schemas["NextStep"];
export type OutputDocument = Schemas["OutputDocument"];
export type ParameterDocument = Schemas["ParameterDocument"];
export type ProblemDocument = Schemas["ProblemDocument"];
export type ProjectSummary = Schemas["ProjectSummary"];
export type ProtocolDocument = Schemas["ProtocolDocument"];
export type ProtocolSummary = Schemas["ProtocolSummary"];
export type RowPage = Schemas["RowPage"];
export type RunDetail = Schemas["RunDetail"];
export type RunList = Schemas["RunList"];
export type RunState = Schemas["RunState"];
export type RunSummary = Schemas["RunSummary"];
export type UnreadableProject = Schemas["UnreadableProject"];
