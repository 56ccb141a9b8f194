"""The real taskfarm server, run and monitored from Python.

`serveTF` and `taskfarm_sdk.testing.LocalServer` use it. It needs Linux or macOS, and the
extra `server` (`pip install '.[server]'` in the folder of the source) or the interpreter of another
environment in which the packages of that extra are installed.

```python
settings = ServerSettings(database=Database.sqlite("farm.db"), user="me")
secrets = Secrets(key=key, password=password)
with ServerProcess(settings, secrets, listen("127.0.0.1", 5000)) as server:
    server.wait_ready()
    server.wait()
```
"""

from taskfarm_sdk.server._administration import Administration, RemovedUser
from taskfarm_sdk.server._capacity import Capacity
from taskfarm_sdk.server._database import Database
from taskfarm_sdk.server._folder import DataFolder, default_data_folder
from taskfarm_sdk.server._listener import ReservedPort, bind, listen, port_of
from taskfarm_sdk.server._process import ServerProcess
from taskfarm_sdk.server._settings import (
    Secrets,
    ServerSettings,
    check_password,
    check_user,
)

__all__ = [
    "Administration",
    "Capacity",
    "DataFolder",
    "Database",
    "RemovedUser",
    "ReservedPort",
    "Secrets",
    "ServerProcess",
    "ServerSettings",
    "bind",
    "check_password",
    "check_user",
    "default_data_folder",
    "listen",
    "port_of",
]
