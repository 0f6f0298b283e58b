"""For any WSGI server: `gunicorn wsgi:app`; configured as `riskbridge serve` is."""

from gateway.app import create_app

app = create_app()
