# Baton with its embedded database on a volume:
#
#   docker build -t baton .
#   docker run -p 8080:8080 -v baton:/var/lib/baton --stop-timeout 60 baton
#
# With a PostgreSQL of your own the volume is not needed: add -e DATABASE_URL=postgres://…

# One release for both stages: the program runs with the C library it was built with.
ARG DEBIAN=trixie

FROM rust:1.95-slim-${DEBIAN} AS builder
WORKDIR /build
COPY . .
# The caches keep what was downloaded and compiled from one build to the next, and out of the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --bin baton \
    && cp target/release/baton /usr/local/bin/baton

FROM debian:${DEBIAN}-slim
# Debian's package would make a database of its own, which nobody here needs.
RUN mkdir -p /etc/postgresql-common/createcluster.d \
    && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.d/baton.conf \
    && apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        ca-certificates postgresql \
    && rm -rf /var/lib/apt/lists/*
# PostgreSQL refuses root, and Baton does not need it.
RUN useradd --uid 10001 --user-group --home-dir /var/lib/baton --no-create-home \
        --shell /usr/sbin/nologin baton \
    && install -d -o baton -g baton -m 0700 /var/lib/baton
COPY --from=builder /usr/local/bin/baton /usr/local/bin/baton

USER baton
WORKDIR /var/lib/baton
VOLUME /var/lib/baton
ENV BATON_DATA_DIR=/var/lib/baton \
    BATON_LISTEN=0.0.0.0:8080
EXPOSE 8080
# The program asks itself, so the image needs no curl. The start period covers a recovery.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["baton", "healthcheck"]
# Baton finishes its requests, then stops the database.
STOPSIGNAL SIGTERM
ENTRYPOINT ["baton"]
CMD ["serve"]
