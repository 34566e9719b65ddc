import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { createBrowserRouter } from "react-router";
import { RouterProvider } from "react-router/dom";
import { queryClient } from "../api/queries";
import { PageSkeleton } from "./PageSkeleton";
import { Lost } from "./Lost";
import { Shell } from "./Shell";
import { schemeManager, theme, tokens } from "./theme";

const router = createBrowserRouter([
  {
    element: <Shell />,
    errorElement: <Lost />,
    hydrateFallbackElement: <PageSkeleton />,
    children: [
      { index: true, lazy: async () => ({ Component: (await import("../projects/ProjectsPage")).ProjectsPage }) },
      { path: "projects/:project", lazy: async () => ({ Component: (await import("../workflow/WorkflowPage")).WorkflowPage }) },
      { path: "projects/:project/session", lazy: async () => ({ Component: (await import("../session/SessionPage")).SessionPage }) },
      { path: "projects/:project/preflight", lazy: async () => ({ Component: (await import("../session/PreflightPage")).PreflightPage }) },
      { path: "sessions/new", lazy: async () => ({ Component: (await import("../session/NewSessionPage")).NewSessionPage }) },
      { path: "microscopes", lazy: async () => ({ Component: (await import("../session/MicroscopesPage")).MicroscopesPage }) },
      { path: "projects/:project/sets", lazy: async () => ({ Component: (await import("../sets/SetsPage")).SetsPage }) },
      { path: "projects/:project/runs/:run/outputs/:output", lazy: async () => ({ Component: (await import("../sets/RowsPage")).RowsPage }) },
      { path: "projects/:project/runs/:run/outputs/:output/exposures", lazy: async () => ({ Component: (await import("../exposures/ExposuresPage")).ExposuresPage }) },
      { path: "projects/:project/runs/:run/outputs/:output/exposures/:exposure", lazy: async () => ({ Component: (await import("../exposures/MicrographPage")).MicrographPage }) },
      { path: "projects/:project/runs/:run/classes", lazy: async () => ({ Component: (await import("../classes/ClassesPage")).ClassesPage }) },
      { path: "projects/:project/runs/:run/outputs/:output/images", lazy: async () => ({ Component: (await import("../sets/GalleryPage")).GalleryPage }) },
      { path: "projects/:project/runs/:run/maps", lazy: async () => ({ Component: (await import("../maps/MapsPage")).MapsPage }) },
      { path: "projects/:project/compare", lazy: async () => ({ Component: (await import("../compare/ComparePage")).ComparePage }) },
      { path: "projects/:project/storage", lazy: async () => ({ Component: (await import("../storage/StoragePage")).StoragePage }) },
      { path: "storage", lazy: async () => ({ Component: (await import("../storage/AllStoragePage")).AllStoragePage }) },
      { path: "projects/:project/people", lazy: async () => ({ Component: (await import("../people/SharingPage")).SharingPage }) },
      { path: "account/tokens", lazy: async () => ({ Component: (await import("../people/TokensPage")).TokensPage }) },
      { path: "people", lazy: async () => ({ Component: (await import("../people/PeoplePage")).PeoplePage }) },
      { path: "*", element: <Lost /> },
    ],
  },
]);

export function App() {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={tokens} colorSchemeManager={schemeManager} defaultColorScheme="auto">
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
