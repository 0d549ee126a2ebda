package timing

// fullMesh is up to how many nodes each asks each other; above, each asks meshReach others.
const (
	fullMesh  = 16
	meshReach = 8
)

// Mesh tells which nodes the i-th of n asks. In large clusters it is those after it
// at growing distance, so that all are connected and the traffic grows only with n.
func Mesh(n, i int) []int {
	var peers []int
	if n <= fullMesh {
		for j := range n {
			if j != i {
				peers = append(peers, j)
			}
		}
		return peers
	}
	for k := range meshReach {
		d := 1 + k*(n-1)/meshReach
		peers = append(peers, (i+d)%n)
	}
	return peers
}
