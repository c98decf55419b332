FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_DEPS=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

# What the bot needs goes into /opt/bot, what building it needs stays behind; every hash is checked.
COPY constraints.txt ./
RUN python -m venv --without-pip /opt/bot \
    && sed '/^# --- build/,$d' constraints.txt > runtime.txt \
    && sed -n '/^# --- build/,/^# --- development/p' constraints.txt > build.txt \
    && pip --python /opt/bot/bin/python install --require-hashes -r runtime.txt \
    && pip install --require-hashes -r build.txt

COPY pyproject.toml README.md LICENSE manifest.yml ./
COPY bot ./bot
RUN pip wheel --no-build-isolation --wheel-dir dist . && pip --python /opt/bot/bin/python install dist/*.whl


FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin bot && install -d -o bot -g bot /data
COPY --from=build /opt/bot /opt/bot
ENV PATH=/opt/bot/bin:$PATH PYTHONUNBUFFERED=1 BOT_HOST=0.0.0.0 DATABASE_URL=sqlite:////data/coder-task-bot.db
WORKDIR /data
VOLUME /data
USER 10001
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s CMD ["python", "-c", "\
import http.client, os, sys\n\
bot = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('BOT_PORT') or 8080), timeout=4)\n\
bot.request('GET', '/healthz')\n\
sys.exit(bot.getresponse().status != 200)"]
ENTRYPOINT ["coder-task-bot"]
CMD ["run"]
