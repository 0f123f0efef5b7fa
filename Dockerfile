# The same `make run` in a container, for systems without apt-get. PostgreSQL runs inside, as the same user.
#   docker build -t geoengage . && docker run --init -p 127.0.0.1:8000:8000 geoengage
# Add `-v geoengage:/home/geoengage/app/.geoengage` to keep the data.
FROM debian:12

RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates make python3 python3-venv \
    && useradd --create-home geoengage
WORKDIR /home/geoengage/app
COPY scripts/apt-packages scripts/apt-packages
RUN scripts/apt-packages postgresql-15-postgis-3 fonts-droid-fallback

COPY --chown=geoengage . .
RUN mkdir -p .geoengage && chown geoengage . .geoengage
USER geoengage
RUN python3 scripts/setup.py run

# Inside, every address of the container; outside, only what `-p` publishes: keep it on 127.0.0.1.
ENV GEOENGAGE_HOST=0.0.0.0
EXPOSE 8000
CMD ["make", "run", "ARGS=--insecure-lan"]
