FROM oven/bun:1.4.5-slim AS dependencies
WORKDIR /app
COPY package.json bun.lock bunfig.toml ./
# What only a compiler asks for comes as a peer.
RUN bun install --frozen-lockfile --production --omit=peer

FROM oven/bun:1.4.5-slim
WORKDIR /app
ENV NODE_ENV=production DATA_DIR=/data
# A new volume takes over the owner of the folder it is mounted on.
RUN install --directory --owner=bun --group=bun --mode=0700 /data
COPY --from=dependencies /app/node_modules node_modules
COPY package.json bunfig.toml ./
COPY src src
# By number: Kubernetes' runAsNonRoot does not look up names.
USER 1000:1000
VOLUME /data
EXPOSE 3001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
  CMD ["bun", "-e", "const port = process.env.SOCKET_PORT || process.env.PORT || 3001; process.exit((await fetch(`http://127.0.0.1:${port}/health/ready`)).ok ? 0 : 1)"]
CMD ["bun", "src/main.ts"]
