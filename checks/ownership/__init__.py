"""Who owns what: no resource may belong to two Applications, nor twice to one."""

CHECK = "argofix / ownership"
