"""For any WSGI server: `gunicorn wsgi:app`; configured as `riskbridge serve` is."""

from gateway.app import create_app
from gateway.watch.logs import set_up

set_up()
app = create_app()
