"""What the tests of the public face ask of functions: which lack annotations, and the order of arguments."""

import inspect


def public_functions(module):
    """The public functions of a module, and the methods of its public classes: a dictionary by qualified name."""
    functions = {}
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
            continue
        members = vars(value).items() if inspect.isclass(value) else [(name, value)]
        for member, function in members:
            function = getattr(function, "__func__", getattr(function, "fget", function))
            if _is_public(member) and _is_written_in(module, name, function):
                functions[function.__qualname__] = inspect.unwrap(function)
    return functions


def _is_public(member):
    return not member.startswith("_") or member == "__init__"


def _is_written_in(module, name, function):
    """Whether a value is a function that stands under a name in a module; NamedTuple makes functions that do not."""
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    source = code is not None and code.co_filename == inspect.getsourcefile(module)
    return source and function.__qualname__.split(".")[0] == name


def unannotated(module):
    """The parameters of the public functions of a module, and `return`, that have no annotation: a list of names."""
    missing = []
    for name, function in public_functions(module).items():
        signature = inspect.signature(function)
        names = [parameter.name for parameter in signature.parameters.values() if parameter.name not in ("self", "cls")]
        missing += [f"{name}: {part}" for part in [*names, "return"] if part not in function.__annotations__]
    return missing


def arguments(function):
    """The names of a function's parameters: those that can be given by position, and those by name only."""
    parameters = inspect.signature(function).parameters.values()
    by_name = [parameter.name for parameter in parameters if parameter.kind == parameter.KEYWORD_ONLY]
    return [parameter.name for parameter in parameters if parameter.name not in by_name], by_name
