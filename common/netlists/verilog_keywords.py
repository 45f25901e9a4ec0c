"""Keywords of Verilog."""

BOTH_WAYS = "inout"  # codespell:ignore inout

# IEEE 1364-2005, annex B, and a few of SystemVerilog that no netlist uses as a name.
KEYWORDS = {
    BOTH_WAYS, "always", "and", "assign", "automatic", "begin", "buf", "bufif0", "bufif1", "case", "casex", "casez",
    "cmos", "deassign", "default", "defparam", "disable", "edge", "else", "end", "endcase", "endfunction",
    "endgenerate", "endmodule", "endprimitive", "endspecify", "endtable", "endtask", "event", "for", "force",
    "forever", "fork", "function", "generate", "genvar", "if", "ifnone", "initial", "input", "integer", "join",
    "localparam", "module", "nand", "negedge", "nmos", "nor", "not", "notif0", "notif1", "or", "output", "parameter",
    "pmos", "posedge", "primitive", "pulldown", "pullup", "real", "realtime", "reg", "release", "repeat", "rnmos",
    "rpmos", "rtran", "scalared", "signed", "specify", "specparam", "supply0", "supply1", "table", "task", "time",
    "tran", "tri", "tri0", "tri1", "triand", "trior", "trireg", "vectored", "wait", "wand", "while", "wire", "wor",
    "xnor", "xor", "always_comb", "always_ff", "always_latch", "logic",
}  # fmt: skip
