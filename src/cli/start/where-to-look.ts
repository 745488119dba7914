/** What `millrace start` prints once it can be used. Not every application has pages. */
export function whereToLook(name: string, url: string, tookMs: number, hasPages: boolean, grpc?: string): string[] {
  return [
    `${name} is ready (${(tookMs / 1_000).toFixed(1)} s).`,
    '',
    ...(hasPages ? [`  screens       ${url}/`] : []),
    `  API           ${url}/docs`,
    ...(grpc === undefined ? [] : [`  gRPC          ${grpc}`]),
    `  health        ${url}/health/ready`,
    `  check it      npx millrace doctor`,
    `  event store   psql "$(npx millrace url event-store)"`,
    '',
    'Ctrl-C stops it. The data stays.',
  ];
}
