# One image for every process of a bank; the command decides which: docker-compose.yml has them all.

FROM python:3.11-slim AS packages
COPY requirements.txt .
# Wheels only: nothing is compiled, so there is no compiler, here or in the result.
RUN python -m venv /opt/packages \
    && /opt/packages/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: -r requirements.txt

FROM python:3.11-slim
ENV PATH=/opt/packages/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# The folders are what a new volume takes its owner and mode from. Those for other users' eyes are open; each is a volume of its own,
# and is mounted only where it is meant to be read.
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin bank \
    && install -d -o bank -g bank -m 0700 /var/bank/environment /var/bank/message /var/bank/token /var/bank/kafka \
    && install -d -o bank -g bank -m 0755 /var/bank/database /var/bank/public
COPY --from=packages /opt/packages /opt/packages
WORKDIR /bank
COPY manage.py ./
COPY access access
COPY accounts accounts
COPY banksite banksite
COPY headbank headbank
COPY messaging messaging
COPY transfers transfers
COPY webhooks webhooks
COPY static static
COPY templates templates
COPY deploy/compose deploy/compose
# Compiled now, because where a container starts the file system may be read-only: a process that takes over shall not spend time on it.
RUN mkdir staticfiles \
    && ENV_FILE=/dev/null SECRET_KEY=unused BANK_CODE=NONE BANK_NAME=none python manage.py collectstatic --noinput --verbosity 0 \
    && python -m compileall -q .
USER bank
EXPOSE 8000 9100
# Of the web server. The other processes listen nowhere: they end when something is wrong, and are started again.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=2s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["gunicorn", "banksite.wsgi", "--config", "python:banksite.web_server", "--bind", "0.0.0.0:8000", "--bind", "0.0.0.0:9100", "--workers", "2", "--threads", "4", "--worker-tmp-dir", "/dev/shm"]
