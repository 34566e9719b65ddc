import { createContext } from "react";

/** ULID of the project that is open; empty if none is. */
export const ProjectContext = createContext("");
