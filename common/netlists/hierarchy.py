"""Replaces instances by the gates of their modules, until one list of gates remains."""

from __future__ import annotations

import os
from typing import Iterator, Mapping, Sequence

from .flat import MAX_STEPS, TOO_MANY_NETS, Flat, steps_of
from .module import Instance, Module
from .source import MAX_NETS, NetlistArgumentError, NetlistError, Path


def choose_top(modules: Mapping[str, Module], top: str | None, path: Path) -> str:
    """Chooses the module at the top.

    The default is the only module of which no other module has an instance. If there are several such modules, it is
    the only one of them that has instances itself, because cells of a library may be unused. The module that has the
    name of the file is taken before modules that have no ports or cannot be read, such as test benches.

    Args:
        modules: dictionary from name to `Module` of the file itself, without its libraries.
        top: name of the module, or `None` for the default.
        path: path of the file, for messages.

    Returns:
        Name of the module. If several modules could be the default and one of them could not be read, the name of this
        one is returned, so that its error is reported.

    Raises:
        NetlistError: if the file has no such module, or the default is not unique.
    """
    listed = ", ".join(list(modules)[:20]) or "none"
    if top is not None:
        if top not in modules:
            raise NetlistArgumentError(path, 0, "top", "must be a module of the file", f"{top!r}, and there: {listed}")
        return top
    used = {instance.module for module in modules.values() for instance in module.instances}
    roots = [name for name in modules if name not in used]
    stem = os.path.splitext(os.path.basename(path))[0]
    others = [modules[name] for name in roots if name != stem]
    if stem in modules and not modules[stem].error and others and all(each.error or not each.ports for each in others):
        return stem  # the other modules are test benches, which need not be read
    if len(roots) > 1:  # cells of a library in the same file may be unused
        roots = [name for name in roots if modules[name].instances] or roots
    if len(roots) == 1:
        return roots[0]
    broken = [name for name in roots if modules[name].error]
    if broken:
        return broken[0]
    if not modules:
        raise NetlistError(path, 0, "a netlist must have a module; received none")
    if not roots:
        rule = "the module at the top must have no instance in another one or in itself"
        raise NetlistError(path, 0, f"{rule}; received {listed}, which all have")
    rule = "must be given where several modules can be it"
    raise NetlistArgumentError(path, 0, "top", rule, ", ".join(roots[:20]))


def _check_hierarchy(modules: Mapping[str, Module], top: str) -> None:
    """Raises an error if a module contains itself, is missing, was not read, or has too many nets.

    The search does not recurse, and its time does not depend on the number of instances of instances.
    """
    # For each module whose instances were all looked at: its nets and steps, including the ones of the instances.
    sizes: dict[str, tuple[int, int]] = {}
    path, stack = {top}, [(top, _children(modules, top))]
    while stack:
        name, children = stack[-1]
        child = next(children, None)
        if child is None:
            stack.pop()
            path.remove(name)
            inside = [sizes[instance.module] for instance in modules[name].instances]
            nets = len(modules[name].own_nets) + sum(size[0] for size in inside)
            steps = steps_of(modules[name]) + sum(size[1] for size in inside)
            sizes[name] = nets, steps
            if nets > MAX_NETS or steps > MAX_STEPS:
                raise NetlistError(modules[name].path, modules[name].line, TOO_MANY_NETS)
        elif child.module in path:
            module = modules[name]
            raise NetlistError(module.path, child.line, f"a module must not contain itself; received {child.module}")
        elif child.module not in modules:
            rule = "must be of a module of the file or of a library of cells"
            received = f"{child.module}, which is in none of them"
            remedy = ("cells", "takes libraries as Verilog, BLIF or genlib")
            raise NetlistArgumentError(
                modules[name].path, child.line, f"the instance {child.name}", rule, received, remedy
            )
        elif child.module not in sizes:
            path.add(child.module)
            stack.append((child.module, _children(modules, child.module)))


def _children(modules: Mapping[str, Module], name: str) -> Iterator[Instance]:
    error = modules[name].error
    if error:
        raise error
    return iter(modules[name].instances)


def _connect(instance: Instance, module: Module, around: Module, nets: Sequence[int]) -> dict[int, int]:
    """Connects the ports of an instance to nets of the circuit.

    Args:
        instance: the instance.
        module: the module of which it is an instance.
        around: the module that contains the instance.
        nets: nets of the circuit for all nets of the module `around`.

    Returns:
        Dictionary from nets of the ports of `module` to nets of the circuit.
    """
    names, used = list(module.ports), set()
    connected: dict[int, int] = {}
    where = f"{instance.name}, an instance of {module.name},"
    for port_name, joined, assignable, extendable, signed in instance.connections:
        if isinstance(port_name, int):
            if port_name >= len(names):
                rule = f"{where} must have at most {len(names)} connections; received more"
                raise NetlistError(around.path, instance.line, rule)
            port_name = names[port_name]
        if port_name not in module.ports:
            listed = ", ".join(names[:20]) or "none"
            rule = f"{where} must be connected to its ports; received {port_name}, and there: {listed}"
            raise NetlistError(around.path, instance.line, rule)
        if port_name in used:
            raise NetlistError(
                around.path, instance.line, f"{where} must have one connection of a port; received two of {port_name}"
            )
        used.add(port_name)
        if joined is None:
            continue
        port = module.ports[port_name]
        width = len(port.nets)
        if len(joined) > width if port.is_output else len(joined) < width and not extendable:
            rule = f"{where} must have {width} bits at {port_name}; received {len(joined)}"
            raise NetlistError(around.path, instance.line, rule)
        if port.is_output and not assignable:
            rule = f"{where} must have nets at its output {port_name}; received an expression or a constant"
            raise NetlistError(around.path, instance.line, rule)
        connected.update((inner, nets[net]) for inner, net in zip(port.nets, joined))
        if not port.is_output:
            padding = nets[joined[-1]] if signed else 0
            connected.update(dict.fromkeys(port.nets[len(joined) :], padding))
    return connected


def flatten(modules: Mapping[str, Module], top: str) -> Flat:
    """Collects the gates of a module and of all instances inside it.

    Args:
        modules: dictionary from name to `Module`, with those of libraries.
        top: name of the module at the top.

    Returns:
        The gates of the circuit without hierarchy.

    Raises:
        NetlistError: if a module is missing, contains itself, could not be read, or is connected wrongly; if the
            circuit has too many nets; or if a gate drives an input or a constant.
    """
    _check_hierarchy(modules, top)
    flat = Flat(modules[top])
    part, nets = flat.top
    waiting = [(instance, part, nets) for instance in reversed(part.module.instances)]
    while waiting:
        instance, around, nets = waiting.pop()
        module = modules[instance.module]
        part, nets = flat.add(module, around, instance.name, _connect(instance, module, around.module, nets))
        waiting.extend((inner, part, nets) for inner in reversed(module.instances))
    return flat
