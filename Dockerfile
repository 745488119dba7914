# Three images from one file: docker build --target rlapp-api -t rlapp-api .
# The other targets are rlapp-worker (the relay) and rlapp-projections. All of them run as uid 1000, need no capability
# and write nothing outside /tmp and /var/log/millrace (log files, which wait there for Seq), so they work with
# --read-only --tmpfs /tmp -v logs:/var/log/millrace --cap-drop ALL.
# test/deployment runs every line of this file: keep RUN to plain commands in the working folder.

# The same Node that package.json pins; a test compares the two. A registry of one's own: --build-arg NODE_IMAGE=…
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

# Compiles src/ and the pages. Nothing but their outcome leaves this stage.
FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN node scripts/build-package.ts
RUN node scripts/build-web.ts
RUN rm -rf apps/*/web
RUN mkdir logs

# The packages that run, without the embedded PostgreSQL and what only builds and tests need. Applications import the
# platform by names of package.json; here these lead to the compiled one.
FROM ${NODE_IMAGE} AS packages
WORKDIR /packages
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts
RUN npm pkg set "imports.#millrace=./dist/src/index.js" "imports.#millrace/testing=./dist/src/testing/index.js" "imports.#millrace/server=./dist/src/server/index.js" "imports.#millrace/embedded=./dist/src/embedded/index.js"

FROM ${NODE_IMAGE} AS runtime
WORKDIR /app
COPY --from=packages /packages/package.json ./
COPY --from=packages /packages/node_modules ./node_modules
COPY --from=build /build/LICENSE ./
COPY --from=build /build/bin ./bin
COPY --from=build /build/proto ./proto
COPY --from=build /build/dist ./dist
COPY --from=build /build/apps ./apps
# Empty, and theirs: a volume that is mounted there begins as its owner's.
COPY --from=build --chown=1000:1000 /build/logs /var/log/millrace
# Databases are prepared by `millrace migrate`, as their owner. Secrets may come as variables, or as lines of the file
# /run/secrets/millrace.env.
ENV NODE_ENV=production HOST=0.0.0.0 MILLRACE_DATA=/tmp/millrace MILLRACE_MIGRATE=no LOG_FOLDER=/var/log/millrace
USER 1000:1000
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "--env-file-if-exists=/run/secrets/millrace.env", "bin/millrace.js"]

FROM runtime AS rlapp-api
ENV PORT=5000
EXPOSE 5000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["start", "--role", "api"]

FROM runtime AS rlapp-worker
ENV HEALTH_PORT=8081
EXPOSE 8081
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HEALTH_PORT}/health/ready`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["start", "--role", "relay"]

FROM runtime AS rlapp-projections
ENV HEALTH_PORT=8082
EXPOSE 8082
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HEALTH_PORT}/health/ready`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["start", "--role", "projector"]
