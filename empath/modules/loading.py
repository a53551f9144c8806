"""
loading - import the modules of the configuration, and check their hooks

A mistake is found here, before a client connects: a module that cannot be imported, a hook that does not exist, an
argument that a hook does not have, a setting that the module does not want.
"""

import difflib
import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pluggy
from pydantic import BaseModel, ValidationError

from empath.errors import ConfigError
from empath.modules.hooks import PROJECT, Hooks
from empath.policy.login.backend import Backend

_BACKEND: Final = "login_backend"


@dataclass(frozen=True, slots=True)
class WantedModule:
    """One entry of [modules]. Shape: answers_451 says what a client hears when a call fails: 451, or nothing."""

    name: str
    deadline_s: float
    answers_451: bool
    own_settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HookCall:
    """One function of a module: *arguments* are the names of those that it wants."""

    function: Callable[..., Any]
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoadedModule:
    """A module that is ready. Shape: hooks has its functions by the name of the hook."""

    wanted: WantedModule
    settings: Any
    hooks: Mapping[str, HookCall]

    def login_backend(self) -> Backend:
        """
        Its back end.

        Raises:
            ConfigError: it has none.
        """
        call = self.hooks.get(_BACKEND)
        try:
            made = None if call is None else call.function(*(self.settings for _ in call.arguments))
        except Exception as exc:
            raise ConfigError(f"module {self.wanted.name}: {_BACKEND}: {exc!r}") from exc
        if not isinstance(made, Backend):
            raise ConfigError(f"module {self.wanted.name} has no back end: its hook {_BACKEND} must return one")
        return made


def load_modules(wanted: Iterable[WantedModule]) -> tuple[LoadedModule, ...]:
    """
    Import the modules, in this order.

    Raises:
        ConfigError: one of them cannot be used; the text is one line.
    """
    return tuple(map(load_module, wanted))


def load_module(wanted: WantedModule) -> LoadedModule:
    """
    Import one module.

    Raises:
        ConfigError: it cannot be used; the text is one line.
    """
    try:
        module = importlib.import_module(wanted.name)
    except ModuleNotFoundError as exc:
        if not f"{wanted.name}.".startswith(f"{exc.name}."):  # another one, which the module imports
            raise ConfigError(f"module {wanted.name} cannot be imported: {_words(exc)}") from exc
        words = "is not where Python looks; install it, or name its directory in PYTHONPATH of the service"
        raise ConfigError(f"module {wanted.name} {words}") from exc
    except (Exception, SystemExit) as exc:  # a module runs code of its own
        raise ConfigError(f"module {wanted.name} cannot be imported: {_words(exc)}") from exc
    return LoadedModule(wanted, _settings(module, wanted), _hooks(module, wanted.name))


def _hooks(module: object, name: str) -> dict[str, HookCall]:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    _check_names(module, name, manager)
    try:
        manager.register(module, name)
        manager.check_pending()
    except pluggy.PluginValidationError as exc:
        raise ConfigError(f"module {name}: {_words(exc)}") from exc
    found = {}
    for hook in vars(Hooks):
        for impl in manager.hook.__dict__[hook].get_hookimpls() if not hook.startswith("_") else ():
            if impl.hookwrapper or impl.wrapper:
                raise ConfigError(f"module {name}: the hook {hook} is a wrapper, which Empath does not call")
            found[hook] = HookCall(impl.function, tuple(impl.argnames))
    if not found:
        raise ConfigError(f"module {name} has no hook: mark its functions with @hookimpl")
    return found


def _check_names(module: object, name: str, manager: pluggy.PluginManager) -> None:
    """pluggy finds wrong names, too, but in words that say nothing of the right ones."""
    for hook in dir(module):
        if manager.parse_hookimpl_opts(module, hook) is None:
            continue
        if hook.startswith("_") or hook not in vars(Hooks):
            raise ConfigError(f"module {name}: there is no hook {hook}{_near(hook, vars(Hooks))}")
        known = [each for each in inspect.signature(vars(Hooks)[hook]).parameters if each != "self"]
        for argument in inspect.signature(getattr(module, hook)).parameters:
            if argument not in known:
                words = f"the hook {hook} has no argument {argument}{_near(argument, known)}"
                raise ConfigError(f"module {name}: {words}")


def _near(word: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, [each for each in names if not each.startswith("_")], n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _settings(module: object, wanted: WantedModule) -> Any:
    """The module's own settings, read by its class `Settings` if it has one."""
    model = getattr(module, "Settings", None)
    if model is None:
        return dict(wanted.own_settings)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise ConfigError(f"module {wanted.name}: Settings must be a pydantic model")
    try:
        return model.model_validate(dict(wanted.own_settings))
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"])) or "settings"
        raise ConfigError(f"module {wanted.name}: {key}: {first['msg']}") from exc


def _words(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:500]
